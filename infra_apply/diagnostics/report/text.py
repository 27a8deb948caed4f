"""Findings as a person reads them: place, code, reason, source line and hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra_apply.diagnostics.code import Severity
from infra_apply.diagnostics.lines import read_lines
from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.quote import Quotable, quotable
from infra_apply.diagnostics.report.paths import relative, relative_text
from infra_apply.terminal.layout import plural
from infra_apply.terminal.safe_text import Colour, painted, printable


def findings(result: Findings, folder: Path, *, colour: bool = False) -> str:
    """Render all findings and a summary line."""
    parts = [diagnostics(result.diagnostics, folder, colour=colour)] if result.diagnostics else []
    parts.extend(
        f"not checked: {printable(relative_text(text, folder))}" for text in result.not_checked
    )
    parts.append(summary(result))
    return "\n".join(parts)


def diagnostics(listed: Sequence[Diagnostic], folder: Path, *, colour: bool = False) -> str:
    """Render diagnostics with the source line each one is about; `folder` shortens paths."""
    sources = _Sources()
    return "\n\n".join(
        _diagnostic(diagnostic, folder, sources, colour=colour) for diagnostic in listed
    )


def summary(findings: Findings) -> str:
    """Say how many manifests were read and how many mistakes were found."""
    read = plural(findings.manifests, "manifest")
    if not findings.diagnostics:
        return f"{read}: no mistakes found"
    return f"{read}: {plural(findings.errors, 'error')}, {plural(findings.warnings, 'warning')}"


def _diagnostic(diagnostic: Diagnostic, folder: Path, sources: _Sources, *, colour: bool) -> str:
    hue = _COLOURS[diagnostic.severity]
    severity = painted(f"{diagnostic.severity}[{diagnostic.code}]", hue, enabled=colour)
    lines = [f"{_spot(diagnostic.place, folder)}: {severity}: {printable(diagnostic.message)}"]
    lines += _quote(diagnostic.place, sources, painted("^", hue, enabled=colour))
    if diagnostic.hint:
        lines.append(
            f"  {painted('hint:', 'bold cyan', enabled=colour)} {printable(diagnostic.hint)}"
        )
    lines += [
        f"  {_spot(related.place, folder)}: {printable(related.message)}"
        for related in diagnostic.related
    ]
    return "\n".join(lines)


def _spot(place: Place, folder: Path) -> str:
    parts = (relative(place.path, folder), place.line, place.column)
    return printable(":".join(str(part) for part in parts if part is not None))


def _quote(place: Place, sources: _Sources, caret: str) -> list[str]:
    if place.line is None or place.column is None:
        return []
    line = sources.line(place.path, place.line)
    if not line.strip():
        return []
    number = str(place.line)
    quoted = [f"  {number} | {line}"]
    if place.column <= _WIDTH:
        before = sources.line(place.path, place.line, place.column - 1)
        blank = "".join("\t" if letter == "\t" else " " for letter in before)
        quoted.append(f"  {' ' * len(number)} | {blank}{caret}")
    return quoted


@dataclass(slots=True)
class _Sources:
    """The files whose lines are quoted; each is read once."""

    files: dict[str, Quotable] = field(default_factory=dict)

    def line(self, path: str, number: int, end: int | None = None) -> str:
        """Return what may be shown of a line, or of its beginning; empty if it is not there."""
        if path not in self.files:
            self.files[path] = quotable(path, read_lines(path))
        source = self.files[path]
        if number > len(source.lines):
            return ""
        line = source.line(number, end)
        cut = line if len(line) <= _WIDTH else line[:_WIDTH] + "…"
        return printable(cut, stand_in="\N{REPLACEMENT CHARACTER}")


_WIDTH = 160
_COLOURS: Final[Mapping[Severity, Colour]] = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
}
