"""yaml: values that YAML 1.1 reads as something else than they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.rule import Rule

MISLEADING_NUMBER: Final = Code(
    "IA012",
    "number that is not what it looks like",
    "YAML 1.1 reads `22:22` as 1342 (base sixty) and `017` as 15 (octal)",
    "write a port as a plain decimal number",
    Severity.WARNING,
)


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report a port such as `22:22`, which is a whole number to YAML and not the one meant.

    Wherever text is wanted, a trap is an error of rule `schema` with the same hint.
    """
    for manifest in fleet.services():
        written = manifest.document.written("service", "port")
        if (
            manifest.service
            and written is not None
            and not re.fullmatch(r"(?:0|[1-9]\d*)(?:\.0*)?", written)
        ):
            message = f"YAML reads `{written}` as the number {manifest.service.port}"
            hint = "write the port as a plain decimal number"
            place = manifest.value("service", "port")
            yield Diagnostic(MISLEADING_NUMBER, place, message, hint)


RULE: Final = Rule(check, (MISLEADING_NUMBER,))
