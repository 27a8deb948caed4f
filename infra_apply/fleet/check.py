"""A loaded fleet -> every finding, by every rule."""

from __future__ import annotations

from infra_apply.diagnostics.model import Diagnostic, Findings, in_order
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.rules.table import RULES


def check(loaded: Loaded) -> Findings:
    """Apply every rule. Reads nothing; the same fleet gives the same findings in one order."""
    diagnostics = list(loaded.diagnostics)
    not_checked = []
    for rule in RULES:
        for finding in rule.check(loaded.fleet):
            if isinstance(finding, Diagnostic):
                diagnostics.append(finding)
            else:
                not_checked.append(finding.message)
    return Findings(in_order(diagnostics), tuple(sorted(set(not_checked))), loaded.manifests)
