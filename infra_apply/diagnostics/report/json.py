"""Findings as JSON; the keys are a contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.report.paths import relative, relative_text


def findings(found: Findings, folder: Path) -> str:
    """Render `{"version": 1, "summary", "diagnostics", "not_checked"}`; unknown places are null."""
    document = {
        "version": 1,
        "summary": {
            "manifests": found.manifests,
            "errors": found.errors,
            "warnings": found.warnings,
        },
        "diagnostics": [_diagnostic(one, folder) for one in found.diagnostics],
        "not_checked": [relative_text(text, folder) for text in found.not_checked],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _diagnostic(one: Diagnostic, folder: Path) -> dict[str, Any]:
    return {
        "code": one.code.id,
        "rule": one.code.rule,
        "severity": str(one.severity),
        **_place(one.place, folder),
        "message": one.message,
        "hint": one.hint,
        "related": [
            {**_place(other.place, folder), "message": other.message} for other in one.related
        ],
    }


def _place(place: Place, folder: Path) -> dict[str, Any]:
    path = relative(place.path, folder)
    return {"path": path, "line": place.line, "column": place.column}
