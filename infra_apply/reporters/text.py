"""Findings as a person reads them: place, code, reason, source line and hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra_apply import access_config
from infra_apply.diagnostics import Diagnostic, Findings, Place, Severity
from infra_apply.document import line_of
from infra_apply.reporters.paths import relative


def findings(found: Findings, folder: Path, *, colour: bool = False) -> str:
    """Render all findings and a summary line."""
    parts = [diagnostics(found.diagnostics, folder, colour=colour)] if found.diagnostics else []
    parts.extend(f"not checked: {relative_text(text, folder)}" for text in found.not_checked)
    parts.append(_summary(found))
    return "\n".join(parts)


def diagnostics(found: Sequence[Diagnostic], folder: Path, *, colour: bool = False) -> str:
    """Render diagnostics with the source line each one is about; `folder` shortens paths."""
    sources: dict[str, bytes] = {}
    paint = _COLOURS if colour else {}
    return "\n\n".join(_one(one, folder, sources, paint) for one in found)


def relative_text(text: str, folder: Path) -> str:
    """Shorten the path a text begins with."""
    path, colon, rest = text.partition(":")
    return f"{relative(path, folder)}{colon}{rest}"


def printable(text: str, *, stand_in: str | None = None) -> str:
    """Write control characters as escapes (or as `stand_in`), so that no file steers a terminal."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\t" else (stand_in or ascii(letter)[1:-1])
        for letter in text
    )


def _summary(found: Findings) -> str:
    read = _count(found.manifests, "manifest")
    if not found.diagnostics:
        return f"{read}: no mistakes found"
    return f"{read}: {_count(found.errors, 'error')}, {_count(found.warnings, 'warning')}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _one(one: Diagnostic, folder: Path, sources: dict[str, bytes], paint: Mapping[str, str]) -> str:
    off = paint.get("off", "")
    severity = f"{paint.get(one.severity, '')}{one.severity}[{one.code}]{off}"
    lines = [f"{_spot(one.place, folder)}: {severity}: {printable(one.message)}"]
    lines += _quote(one.place, sources, paint.get(one.severity, ""), off)
    if one.hint:
        lines.append(f"  {paint.get('hint', '')}hint:{off} {printable(one.hint)}")
    lines += [
        f"  {_spot(other.place, folder)}: {printable(other.message)}" for other in one.related
    ]
    return "\n".join(lines)


def _spot(place: Place, folder: Path) -> str:
    parts = (relative(place.path, folder), place.line, place.column)
    return printable(":".join(str(part) for part in parts if part is not None))


def _quote(place: Place, sources: dict[str, bytes], on: str, off: str) -> list[str]:
    if place.line is None or place.column is None:
        return []
    if place.path not in sources:
        sources[place.path] = _source(place.path)
    line = line_of(sources[place.path], place.line)
    if not line.strip():
        return []
    before = "".join("\t" if letter == "\t" else " " for letter in line[: place.column - 1])
    number = str(place.line)
    shown = printable(access_config.masked(line), stand_in="\N{REPLACEMENT CHARACTER}")
    if len(shown) > _WIDTH:
        shown = shown[:_WIDTH] + "…"
    quoted = [f"  {number} | {shown}"]
    if place.column <= _WIDTH:
        quoted.append(f"  {' ' * len(number)} | {before}{on}^{off}")
    return quoted


def _source(path: str) -> bytes:
    """Read a file again for its line; one that has vanished is shown without."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        return b""


_WIDTH = 160
_COLOURS: Mapping[str, str] = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    "hint": "\x1b[1;36m",
    "off": "\x1b[0m",
}
