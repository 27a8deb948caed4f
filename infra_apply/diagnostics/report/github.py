"""Findings as annotations of a GitHub workflow run: one workflow command each.

The form and its escapes are GitHub's, "Workflow commands for GitHub Actions": in the message `%`,
carriage return and line feed are written `%25`, `%0D` and `%0A`; in a property also `:` and `,`.
"""

from __future__ import annotations

from pathlib import Path

from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.report.paths import relative, relative_text
from infra_apply.diagnostics.report.text import summary
from infra_apply.terminal.safe_text import printable


def findings(result: Findings, folder: Path) -> str:
    """Render `::error file=...,line=...,col=...,title=...::message` lines and a summary line."""
    lines = [_annotation(diagnostic, folder) for diagnostic in result.diagnostics]
    lines += [
        f"::notice title=not checked::{_message(printable(relative_text(text, folder)))}"
        for text in result.not_checked
    ]
    return "\n".join([*lines, summary(result)])


def _annotation(diagnostic: Diagnostic, folder: Path) -> str:
    place = {
        "file": relative(diagnostic.place.path, folder),
        "line": diagnostic.place.line,
        "col": diagnostic.place.column,
        "title": f"{diagnostic.code} {diagnostic.code.title}",
    }
    properties = ",".join(
        f"{name}={_property(printable(str(value)))}"
        for name, value in place.items()
        if value is not None
    )
    parts = [diagnostic.message]
    parts += [f"hint: {diagnostic.hint}"] if diagnostic.hint else []
    parts += [
        f"{_spot(related.place, folder)}: {related.message}" for related in diagnostic.related
    ]
    text = "\n".join(printable(part) for part in parts)
    return f"::{diagnostic.severity} {properties}::{_message(text)}"


def _spot(place: Place, folder: Path) -> str:
    parts = (relative(place.path, folder), place.line, place.column)
    return ":".join(str(part) for part in parts if part is not None)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
