"""Findings about files, as values: where, which code, what is wrong, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code, Severity


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A spot in a file: an absolute path, and 1-based line and column (in code points).

    What of the path is not UTF-8 is written as escapes.
    """

    path: str
    line: int | None = None
    column: int | None = None

    def __post_init__(self) -> None:
        if not self.path.isascii():
            object.__setattr__(self, "path", encodable(self.path))


@dataclass(frozen=True, slots=True)
class Related:
    """A second spot that explains a finding, such as the other claimant of a name."""

    place: Place
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", _shown(self.message))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. Its code holds its rule, severity and reason.

    What has the shape of a secret is masked here, so that no way of showing it can echo one, and
    every text can be written as UTF-8.
    """

    code: Code
    place: Place
    message: str
    hint: str | None = None
    related: tuple[Related, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", _shown(self.message))
        if self.hint is not None:
            object.__setattr__(self, "hint", _shown(self.hint))

    @property
    def severity(self) -> Severity:
        """Whether it stops every stack or is only shown."""
        return self.code.severity


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something a rule could not look at, and what it would need."""

    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", _shown(self.message))


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a check found, in the order it is shown, and what it could not look at.

    `manifests` counts the manifest files that were read or tried.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    not_checked: tuple[str, ...] = ()
    manifests: int = 0

    @property
    def errors(self) -> int:
        """How many findings stop every stack."""
        return sum(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    @property
    def warnings(self) -> int:
        """How many findings are only shown."""
        return len(self.diagnostics) - self.errors


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by path, line, column, code; each finding once. An unknown line comes first."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=_position))


def encodable(text: str) -> str:
    r"""Return a text that UTF-8 can hold: a byte of a name on disk that is no text is `\xe9`.

    Half of a character, which only an escape in JSON can bring, is `\ud800`.
    """
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shown(text: str) -> str:
    return redact.without_secrets(encodable(text))


def _position(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    place = diagnostic.place
    return (place.path, place.line or 0, place.column or 0, diagnostic.code.id, diagnostic.message)
