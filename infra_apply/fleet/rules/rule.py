"""What a rule is: a check of a whole fleet, and the codes it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, NotChecked
from infra_apply.fleet.model import Fleet


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` reads nothing: what it yields depends on the fleet alone."""

    check: Callable[[Fleet], Iterator[Diagnostic | NotChecked]]
    codes: tuple[Code, ...]
