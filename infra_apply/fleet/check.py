"""A loaded fleet -> every finding, by every rule."""

from __future__ import annotations

from typing import Final

from infra_apply.diagnostics.model import Diagnostic, Findings, in_order
from infra_apply.diagnostics.unforeseen import Unforeseen
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.rules import table


def check(loaded: Loaded) -> Findings:
    """Apply every rule. Reads nothing; the same fleet gives the same findings in one order.

    Raises Unforeseen, with what all rules found, if a rule or reading a manifest raised anything.
    """
    diagnostics = list(loaded.diagnostics)
    not_checked = [f"{path}: {_UNREAD}" for path in loaded.failures]
    failure = next(iter(loaded.failures.values()), None)
    for rule in table.RULES:
        try:
            for finding in rule.check(loaded.fleet):
                if isinstance(finding, Diagnostic):
                    diagnostics.append(finding)
                else:
                    not_checked.append(finding.message)
        except Exception as error:  # noqa: BLE001 - the other rules' findings are worth having
            failure = failure or error
            not_checked.append(f"{rule.codes[0].rule}: {_FAILED}")
    findings = Findings(in_order(diagnostics), tuple(sorted(set(not_checked))), loaded.manifests)
    if failure is not None:
        raise Unforeseen(findings) from failure
    return findings


_UNREAD: Final = "reading it failed, so whether it has mistakes is not known"
_FAILED: Final = "the rule itself failed, so what it would find is missing"
