"""What other programs read: SARIF for code scanning, annotations for GitHub, JSON for anyone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra_apply.diagnostics.model import Diagnostic, Findings, Place, Related
from infra_apply.diagnostics.report import github, sarif, text
from infra_apply.diagnostics.report import json as json_reporter
from infra_apply.fleet.rules.table import CODES
from tests.test_manifests import cases, check

HERE = Path("/work here")
CLASH = Diagnostic(
    CODES["IA201"],
    Place("/work here/shop/.infra.yaml", 6, 9),
    "the database `shop`: 100%, taken",
    "line one\nline two",
    (Related(Place("/elsewhere/wiki/.infra.yaml", 3, 1), "claimed here"),),
)
NO_PLACE = Diagnostic(CODES["IA306"], Place("/work here/a,b:c/.infra.yaml"), "only a warning")
FOUND = Findings((CLASH, NO_PLACE), ("/work here/shop/.infra.yaml: whether `x` exists",), 2)


def test_a_github_annotation_escapes_what_github_documents() -> None:
    lines = github.findings(FOUND, HERE).splitlines()
    assert lines == [
        (
            "::error file=shop/.infra.yaml,line=6,col=9,title=IA201 database claimed twice::"
            "the database `shop`: 100%25, taken%0Ahint: line one\\nline two%0A"
            "/elsewhere/wiki/.infra.yaml:3:1: claimed here"
        ),
        "::warning file=a%2Cb%3Ac/.infra.yaml,title=IA306 dev uses prod::only a warning",
        "::notice title=not checked::shop/.infra.yaml: whether `x` exists",
        "2 manifests: 1 error, 1 warning",
    ]


def test_a_sarif_result_says_rule_level_place_and_the_other_place() -> None:
    run = json.loads(sarif.findings(FOUND, HERE))["runs"][0]
    first, second = run["results"]
    assert (first["ruleId"], first["level"], second["level"]) == ("IA201", "error", "warning")
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "shop/.infra.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 6, "startColumn": 9},
    }
    other = first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert other == {"uri": "file:///elsewhere/wiki/.infra.yaml"}
    assert "region" not in second["locations"][0]["physicalLocation"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["IA201", "IA306"]


@pytest.mark.parametrize("name", cases("invalid"))
def test_the_sarif_of_every_invalid_company_has_the_standards_structure(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check("invalid", name, monkeypatch, "--format", "sarif")
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(SARIF).validate(document)
    run = document["runs"][0]
    assert run["results"], "an invalid company has results"
    assert {result["ruleId"] for result in run["results"]} <= set(CODES)


@pytest.mark.parametrize("name", cases("invalid"))
def test_every_format_tells_of_the_same_findings(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check("invalid", name, monkeypatch, "--format", "json")
    as_json = json.loads(capsys.readouterr().out)["diagnostics"]
    check("invalid", name, monkeypatch, "--format", "sarif")
    as_sarif = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    check("invalid", name, monkeypatch, "--format", "github")
    as_github = capsys.readouterr().out.splitlines()
    codes = [diagnostic["code"] for diagnostic in as_json]
    assert codes == [result["ruleId"] for result in as_sarif]
    annotations = [line for line in as_github if line.startswith(("::error", "::warning"))]
    assert codes == [line.partition("title=")[2].split()[0] for line in annotations]
    assert all(CODES[diagnostic["code"]].rule == diagnostic["rule"] for diagnostic in as_json)
    order = [
        (diagnostic["path"], diagnostic["line"] or 0, diagnostic["column"] or 0, diagnostic["code"])
        for diagnostic in as_json
    ]
    assert order == sorted(order)


SECRET = "postgres://shop:hunter2@db.example.com/shop"


def test_no_format_echoes_what_has_the_shape_of_a_secret() -> None:
    place = Place("/work here/shop/.infra.yaml", 1, 1)
    related = (Related(place, f"see {SECRET}"),)
    leaky = Diagnostic(
        CODES["IA301"], place, f"nobody is called `{SECRET}`", f"try {SECRET}", related
    )
    for reporter in (text, json_reporter, sarif, github):
        output = reporter.findings(Findings((leaky,)), HERE)
        assert "•••db.example.com" in output
        assert "hunter2" not in output


def test_colours_are_only_painted_when_asked_for() -> None:
    assert "\x1b" not in text.findings(FOUND, HERE)
    assert "\x1b[1;31merror[IA201]\x1b[0m" in text.findings(FOUND, HERE, colour=True)


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


# No package carries the standard's schema, so its words that we use are written down here
# (SARIF 2.1.0, sections 3.13 to 3.52). Its whole schema was tried on the same files by hand.
_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = _object(["text"], text=_TEXT)
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_POSITIVE = {"type": "integer", "minimum": 1}
_LOCATION = {
    "id": {"type": "integer", "minimum": 0},
    "message": _MESSAGE,
    "physicalLocation": _object(
        ["artifactLocation"],
        artifactLocation=_object(
            ["uri"], uri={"type": "string", "pattern": r"^[\w.~!$&'()*+;=:@/%-]+$"}, uriBaseId=_TEXT
        ),
        region=_object(["startLine"], startLine=_POSITIVE, startColumn=_POSITIVE),
    ),
}
_RULE = _object(
    ["id"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    defaultConfiguration=_object([], level=_LEVEL),
    properties=_object([], tags={"type": "array", "items": _TEXT, "uniqueItems": True}),
)
_RESULT = _object(
    ["message"],
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _object([], **_LOCATION)},
    relatedLocations={"type": "array", "items": _object([], **_LOCATION), "uniqueItems": True},
)
_NOTE = _object(["message"], level=_LEVEL, message=_MESSAGE)
_RUN = _object(
    ["tool"],
    tool=_object(
        ["driver"],
        driver=_object(
            ["name"], name=_TEXT, rules={"type": "array", "items": _RULE, "uniqueItems": True}
        ),
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations={
        "type": "array",
        "items": _object(
            ["executionSuccessful"],
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications={"type": "array", "items": _NOTE, "uniqueItems": True},
        ),
    },
    results={"type": "array", "items": _RESULT},
)
SARIF = _object(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": _RUN},
)
