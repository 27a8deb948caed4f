"""Whatever any text of a file or of the account holds, no command prints what steers a reader.

`python -m tests.cli.output_fuzz` tries many more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_apply.cli.common.schema_text import schema_text
from infra_apply.cli.main import COMMANDS
from infra_apply.inputs.settings_schema import KNOWN
from tests.cli.command_lines import NOT_RUN, Words, commands
from tests.cli.hostile_company import TEMPLATES, Field
from tests.cli.output_fuzz import LINES, NAMES, TEXTS, codes, try_line
from tests.cli.test_output import NEWLINE

CLUSTER = Field("projects/shop/.infra.yaml", ("database", "cluster"))

OF_USE: dict[Words, str] = {("explain",): "IA201", ("init",): "projects"}
"""The name that a command can do something with, where that is not a project's."""


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(line=st.sampled_from(LINES), texts=TEXTS, name=NAMES)
@example(line=("plan",), texts={CLUSTER: NEWLINE}, name=NEWLINE)
def test_no_text_of_a_file_or_an_account_steers_a_reader_of_any_command(
    line: Words, texts: dict[Field, str], name: str
) -> None:
    try_line(line, texts, name)


@pytest.mark.parametrize("words", sorted(commands().keys() - NOT_RUN.keys()), ids=" ".join)
def test_every_command_is_tried_on_a_cluster_that_is_named_as_an_attack(words: Words) -> None:
    lines = [line for line in LINES if line[: len(words)] == words]
    assert lines
    for line in lines[:3]:
        try_line(line, {CLUSTER: NEWLINE}, NEWLINE)


@pytest.mark.parametrize("words", sorted(commands().keys() - NOT_RUN.keys()), ids=" ".join)
def test_every_command_does_its_work_on_the_company_as_it_is(words: Words) -> None:
    """A fuzz of commands that all end with a usage error would see nothing."""
    codes.clear()
    lines = (line for line in LINES if line[: len(words)] == words)
    while not codes.keys() & {0, 1, 3}:
        try_line(next(lines), {}, OF_USE.get(words, "shop"))


def test_no_command_is_left_out_but_by_name() -> None:
    assert {words[0] for words in commands()} == set(COMMANDS)
    assert NOT_RUN.keys() <= commands().keys()


def test_the_company_has_every_key_that_manifests_and_settings_know() -> None:
    of_schema = set(_properties(json.loads(schema_text())))
    of_settings = {key for keys in KNOWN.values() for key in keys}
    assert of_schema | of_settings <= set(_keys(dict(TEMPLATES)))


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _properties(inner)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _keys(inner)
