"""Findings as JSON; the keys are a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.report.paths import relative, relative_text
from infra_apply.terminal.safe_text import json_text


def findings(result: Findings, folder: Path) -> str:
    """Render `{"version": 1, "summary", "diagnostics", "not_checked"}`; unknown places are null."""
    document = {
        "version": 1,
        "summary": {
            "manifests": result.manifests,
            "errors": result.errors,
            "warnings": result.warnings,
        },
        "diagnostics": [_diagnostic(diagnostic, folder) for diagnostic in result.diagnostics],
        "not_checked": [relative_text(text, folder) for text in result.not_checked],
    }
    return json_text(document)


def _diagnostic(diagnostic: Diagnostic, folder: Path) -> dict[str, Any]:
    return {
        "code": diagnostic.code.id,
        "rule": diagnostic.code.rule,
        "severity": str(diagnostic.severity),
        **_place(diagnostic.place, folder),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "related": [
            {**_place(related.place, folder), "message": related.message}
            for related in diagnostic.related
        ],
    }


def _place(place: Place, folder: Path) -> dict[str, Any]:
    path = relative(place.path, folder)
    return {"path": path, "line": place.line, "column": place.column}
