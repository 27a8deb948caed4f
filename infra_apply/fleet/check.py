"""A loaded fleet -> every finding, by every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from infra_apply.diagnostics.model import Diagnostic, Findings, NotChecked, in_order
from infra_apply.diagnostics.unforeseen import Unforeseen
from infra_apply.fleet.load import Loaded
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules import (
    clashes,
    cycles,
    env_variants,
    firewalls,
    gpu_ondemand,
    host_in_mesh,
    http_coupling,
    names,
    own_db,
    owners,
    settings,
    yaml_traps,
)

RULES: Final[tuple[Callable[[Fleet], Iterator[Diagnostic | NotChecked]], ...]] = (
    yaml_traps.check,
    own_db.check,
    http_coupling.check,
    cycles.check,
    gpu_ondemand.check,
    host_in_mesh.check,
    env_variants.check,
    clashes.check,
    owners.check,
    names.check,
    settings.check,
    firewalls.check,
)


def check(loaded: Loaded) -> Findings:
    """Apply every rule. Reads nothing; the same fleet gives the same findings in one order.

    Raises Unforeseen, with what all rules found, if one of them raised anything.
    """
    diagnostics = list(loaded.diagnostics)
    not_checked = []
    failure: Exception | None = None
    for rule in RULES:
        try:
            for finding in rule(loaded.fleet):
                if isinstance(finding, Diagnostic):
                    diagnostics.append(finding)
                else:
                    not_checked.append(finding.message)
        except Exception as error:  # noqa: BLE001 - the other rules' findings are worth having
            failure = failure or error
            not_checked.append(f"{rule.__module__.rpartition('.')[2]}: {_FAILED}")
    findings = Findings(in_order(diagnostics), tuple(sorted(set(not_checked))), loaded.manifests)
    if failure is not None:
        raise Unforeseen(findings) from failure
    return findings


_FAILED: Final = "the rule itself failed, so what it would find is missing"
