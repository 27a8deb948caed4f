"""Findings as a person reads them: place, code, reason, source line and hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra_apply.diagnostics import redact
from infra_apply.diagnostics.codes import Severity
from infra_apply.diagnostics.lines import read_lines
from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.report.paths import relative, relative_text
from infra_apply.terminal import Colour, painted, plural, printable


def findings(found: Findings, folder: Path, *, colour: bool = False) -> str:
    """Render all findings and a summary line."""
    parts = [diagnostics(found.diagnostics, folder, colour=colour)] if found.diagnostics else []
    parts.extend(f"not checked: {relative_text(text, folder)}" for text in found.not_checked)
    parts.append(summary(found))
    return "\n".join(parts)


def diagnostics(found: Sequence[Diagnostic], folder: Path, *, colour: bool = False) -> str:
    """Render diagnostics with the source line each one is about; `folder` shortens paths."""
    sources = _Sources()
    return "\n\n".join(_one(one, folder, sources, colour=colour) for one in found)


def summary(found: Findings) -> str:
    """Say how many manifests were read and how many mistakes were found."""
    read = plural(found.manifests, "manifest")
    if not found.diagnostics:
        return f"{read}: no mistakes found"
    return f"{read}: {plural(found.errors, 'error')}, {plural(found.warnings, 'warning')}"


def _one(one: Diagnostic, folder: Path, sources: _Sources, *, colour: bool) -> str:
    hue = _COLOURS[one.severity]
    severity = painted(f"{one.severity}[{one.code}]", hue, enabled=colour)
    lines = [f"{_spot(one.place, folder)}: {severity}: {printable(one.message)}"]
    lines += _quote(one.place, sources, painted("^", hue, enabled=colour))
    if one.hint:
        lines.append(f"  {painted('hint:', 'bold cyan', enabled=colour)} {printable(one.hint)}")
    lines += [
        f"  {_spot(other.place, folder)}: {printable(other.message)}" for other in one.related
    ]
    return "\n".join(lines)


def _spot(place: Place, folder: Path) -> str:
    parts = (relative(place.path, folder), place.line, place.column)
    return printable(":".join(str(part) for part in parts if part is not None))


def _quote(place: Place, sources: _Sources, caret: str) -> list[str]:
    if place.line is None or place.column is None:
        return []
    line, shown = sources.line(place.path, place.line)
    if not shown.strip():
        return []
    number = str(place.line)
    quoted = [f"  {number} | {shown}"]
    if place.column <= _WIDTH:
        before = "".join("\t" if letter == "\t" else " " for letter in line[: place.column - 1])
        quoted.append(f"  {' ' * len(number)} | {before}{caret}")
    return quoted


@dataclass(slots=True)
class _Sources:
    """The lines that are quoted; each file is read once, and each line masked once."""

    files: dict[str, list[str]] = field(default_factory=dict)
    shown: dict[tuple[str, int], str] = field(default_factory=dict)

    def line(self, path: str, number: int) -> tuple[str, str]:
        """Return a line as it is and as it may be shown; both empty if it is not there."""
        if path not in self.files:
            self.files[path] = read_lines(path)
        lines = self.files[path]
        if number > len(lines):
            return "", ""
        if (path, number) not in self.shown:
            self.shown[path, number] = _shown(lines, number - 1)
        return lines[number - 1], self.shown[path, number]


def _shown(lines: list[str], index: int) -> str:
    hidden = redact.masked(lines, index)
    cut = hidden if len(hidden) <= _WIDTH else hidden[:_WIDTH] + "…"
    return printable(cut, stand_in="\N{REPLACEMENT CHARACTER}")


_WIDTH = 160
_COLOURS: Final[Mapping[Severity, Colour]] = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
}
