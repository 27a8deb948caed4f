"""A loaded fleet -> every finding, by every rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from infra_apply.diagnostics.model import Diagnostic, Findings, in_order
from infra_apply.diagnostics.unforeseen import raise_if_any
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.rules import table


def check(loaded: Loaded) -> Findings:
    """Apply every rule. Reads nothing; the same fleet gives the same findings in one order.

    Raises Unforeseen, with what all rules found, if a rule or reading a file raised anything.
    """
    diagnostics = list(loaded.diagnostics)
    not_checked: list[str] = []
    failures: dict[str, Exception] = {}
    for rule in table.RULES:
        try:
            for finding in rule.check(loaded.fleet):
                if isinstance(finding, Diagnostic):
                    diagnostics.append(finding)
                else:
                    not_checked.append(finding.message)
        except Exception as error:  # noqa: BLE001 - the other rules' findings are worth having
            failures[f"{rule.codes[0].rule}: {_FAILED}"] = error
    failures = {**unread(loaded.failures), **failures}
    findings = Findings(
        in_order(diagnostics),
        tuple(sorted({*not_checked, *failures})),
        loaded.manifests,
    )
    raise_if_any(failures.values(), findings)
    return findings


def unread(failures: Mapping[str, Exception]) -> dict[str, Exception]:
    """Return what was not checked because reading it failed, each with the reason; by path."""
    return {f"{path}: {_UNREAD}": failure for path, failure in failures.items()}


_UNREAD: Final = "reading it failed, so whether it has mistakes is not known"
_FAILED: Final = "the rule itself failed, so what it would find is missing"
