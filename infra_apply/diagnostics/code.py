"""What stands behind a diagnostic's code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """An error stops every stack; a warning is shown and stops nothing unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding. `id` is `IA` and three digits; the first of them says the rule.

    The texts are Markdown, without a full stop at the end: what it is, why it is a mistake, and
    what mends it.
    """

    id: str
    title: str
    why: str
    fix: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return self.id

    @property
    def rule(self) -> str:
        """The rule it belongs to, such as `own_db`."""
        return _RULES[self.id[2]]


_RULES: Final = {
    "0": "yaml",
    "1": "schema",
    "2": "own_db",
    "3": "http_coupling",
    "4": "gpu_ondemand",
    "5": "host_in_mesh",
    "6": "env_variants",
    "7": "fleet",
    "8": "settings",
    "9": "cloud",
}
