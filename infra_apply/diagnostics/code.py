"""What stands behind a diagnostic's code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops every stack; a warning is shown and stops nothing unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """What stands behind a code; the texts are Markdown, without a full stop at the end."""

    title: str
    why: str
    fix: str
    severity: Severity = Severity.ERROR
