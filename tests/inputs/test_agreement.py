"""Rule `schema` is the convention's JSON Schema, no more and no less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from infra_apply.cli.main import main
from infra_apply.inputs.manifest import json_schema
from tests.inputs.agreement import CONVENTION, documents, verdict

SHARED = Path(__file__).parents[3] / "shared" / "convention" / "infra_manifest.yaml"


@settings(max_examples=400, deadline=None)
@given(documents())
def test_our_verdict_is_that_of_the_conventions_schema(text: str) -> None:
    verdict(text)


def test_the_printed_schema_is_a_schema_of_draft_2020_12_that_explains_every_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == json_schema()
    Draft202012Validator.check_schema(printed)
    for name, inner in _properties(printed):
        assert inner.get("description"), f"{name} is not explained"
        assert not {"title", "$ref"} & inner.keys(), f"{name} speaks of our insides"


def test_the_printed_schema_states_the_same_facts_as_the_convention() -> None:
    assert _facts(json_schema()) == _facts(CONVENTION)


@pytest.mark.skipif(not SHARED.exists(), reason="the convention's own file is not here")
def test_the_schema_we_carry_is_the_conventions_own() -> None:
    convention = yaml.safe_load(SHARED.read_text(encoding="utf-8"))
    assert _facts(convention["providesFile"]["schema"]) == _facts(CONVENTION)


def _properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    properties = []
    for name, inner in schema.get("properties", {}).items():
        properties += [(name, inner), *_properties(inner)]
    return properties


def _facts(schema: Any) -> Any:
    """A schema without its prose; one constant is an enumeration of one."""
    if not isinstance(schema, dict):
        return sorted(schema) if isinstance(schema, list) else schema
    facts = {key: _facts(value) for key, value in schema.items() if key != "description"}
    if "const" in facts:
        facts["enum"] = [facts.pop("const")]
    return facts
