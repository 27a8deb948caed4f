"""Findings as SARIF 2.1.0 (an OASIS standard), which code scanning services take."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Findings, Place
from infra_apply.diagnostics.report.paths import relative, relative_text
from infra_apply.terminal.safe_text import json_text


def findings(result: Findings, folder: Path) -> str:
    """Render one run. Files below the working directory are relative to it (`%SRCROOT%`)."""
    codes = sorted({diagnostic.code for diagnostic in result.diagnostics}, key=str)
    notes = [
        {"level": "note", "message": {"text": relative_text(text, folder)}}
        for text in result.not_checked
    ]
    run = {
        "tool": {"driver": {"name": "infra-apply", "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [
            _result(diagnostic, codes.index(diagnostic.code), folder)
            for diagnostic in result.diagnostics
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(document)


# The schema's own `id`.
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "help": {"text": f"Why: {code.why}.\nFix: {code.fix}."},
        "defaultConfiguration": {"level": str(code.severity)},
        "properties": {"tags": [code.rule]},
    }


def _result(diagnostic: Diagnostic, index: int, folder: Path) -> dict[str, Any]:
    text = (
        f"{diagnostic.message}\nhint: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    )
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.id,
        "ruleIndex": index,
        "level": str(diagnostic.severity),
        "message": {"text": text},
        "locations": [_location(diagnostic.place, folder)],
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, **_location(related.place, folder), "message": {"text": related.message}}
            for number, related in enumerate(diagnostic.related, start=1)
        ]
    return result


def _location(place: Place, folder: Path) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(place.path, folder)}
    if place.line is not None:
        region = {"startLine": place.line, "startColumn": place.column}
        physical["region"] = {key: value for key, value in region.items() if value is not None}
    return {"physicalLocation": physical}


def _artifact(path: str, folder: Path) -> dict[str, str]:
    short = relative(path, folder)
    # A path that is not UTF-8 holds halves of surrogate pairs.
    quoted = quote(short, errors="surrogatepass")
    if PurePath(short).is_absolute():
        return {"uri": f"file://{quoted}"}
    return {"uri": quoted, "uriBaseId": "%SRCROOT%"}
