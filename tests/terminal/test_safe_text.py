"""What may leave the program: nothing that steers a terminal, a CI service or the engine."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra_apply.terminal.safe_text import encodable, json_text, painted, printable, safe, safe_json

MARKS = ["::", "##", "##[", "##vso[", "##teamcity[", "<{%", "\n", "\r", "\t", " ", "\x1b[31m", "\\"]
CHARACTERS = st.characters(codec=None, categories=None)
TEXTS = st.lists(st.sampled_from(MARKS) | st.text(CHARACTERS)).map("".join)
STEERS = re.compile(r"(?m)^[ \t]*::|##[A-Za-z]*\[|<\{%")


def steers(text: str) -> bool:
    """Say whether a terminal, a CI service or the engine would take a text for a command."""
    unprintable = {letter for letter in text if not letter.isprintable()} - {"\n", "\t"}
    return bool(unprintable or STEERS.search(text))


@given(TEXTS)
@example("fine\n  ::stop-commands::x")
@example("###[error]")
@example("\x1b[31m::error::x\x1b[0m")
def test_a_safe_text_steers_nobody_and_stays_as_it_is_from_then_on(text: str) -> None:
    assert not steers(safe(text))
    assert safe(safe(text)) == safe(text)


@given(TEXTS.filter(lambda text: not steers(text)))
def test_a_text_that_steers_nobody_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@settings(max_examples=60)
@given(st.recursive(TEXTS, lambda values: st.lists(values) | st.dictionaries(TEXTS, values)))
def test_json_steers_nobody_and_says_the_same(value: object) -> None:
    written = json_text(value)
    assert not steers(written)
    assert safe(written) == written
    # Two halves of a pair that stand side by side are one character, in JSON as in UTF-16.
    assert json.loads(written) == json.loads(json.dumps(value))


def test_json_that_steers_nobody_stays_as_it_is() -> None:
    value = {"name": "café", "words": '\\ " ## [ <{ ::'}
    assert json_text(value) == json.dumps(value, indent=2, ensure_ascii=False)


@given(TEXTS, st.sampled_from(["ascii", "latin-1", "utf-8"]))
def test_what_an_encoding_lacks_is_escaped_as_in_json(text: str, encoding: str) -> None:
    written = encodable(safe_json(json.dumps(text, ensure_ascii=False)), encoding)
    assert json.loads(written.encode(encoding).decode(encoding)) == json.loads(json.dumps(text))


@given(TEXTS)
def test_of_colours_only_our_own_stay(text: str) -> None:
    written = safe(f"{painted(text, 'bold red', enabled=True)}{text}", colours=True)
    ours = re.compile(r"\x1b\[(0|2|3[1-6]|1;3[136])m")
    assert not steers(ours.sub("", written).replace("::", ""))
    assert not re.search(r"(?m)^(\x1b\[[\d;]*m|[ \t])*::", written)
    assert painted(text, "red", enabled=False) == printable(text)


@pytest.mark.parametrize("kind", ["error", "warning", "notice"])
def test_annotations_of_our_own_stay_and_no_other_command_does(kind: str) -> None:
    assert safe(f"::{kind} file=a::b\n::stop-commands::x", annotations=True) == (
        f"::{kind} file=a::b\n\\x3a:stop-commands::x"
    )
