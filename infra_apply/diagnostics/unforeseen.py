"""What was found, carried past an exception that nobody foresaw."""

from __future__ import annotations

from collections.abc import Iterable

from infra_apply.diagnostics.model import Findings


class Unforeseen(Exception):
    """A part of a check raised an exception that nobody foresaw, which is the `__cause__`.

    `findings` is what the other parts found; its `not_checked` names the part that failed.
    """

    def __init__(self, findings: Findings) -> None:
        super().__init__("a part of the check failed")
        self.findings = findings


def raise_if_any(failures: Iterable[Exception], findings: Findings) -> None:
    """Raise Unforeseen from the first failure, if there is one, with what was found beside it."""
    for failure in failures:
        raise Unforeseen(findings) from failure
