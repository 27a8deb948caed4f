"""Replacing one member of a JSON file, to the byte."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.services_map.json_edit import member_value, replace_member, scan

ENTRIES = {"shop": {"port": 8080, "depends_on": ["café"]}}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["hosts", "services", "", "a", '"', "é", "\u2028"]) | st.text(max_size=5)
MEMBERS = st.lists(st.tuples(KEYS, VALUES), max_size=5)
MAPS = st.dictionaries(st.text(max_size=5), st.dictionaries(st.text(max_size=5), VALUES))


def blank(dice: Random) -> str:
    return "".join(dice.choices(" \t\n\r", k=dice.choice([0, 0, 1, 2, 5])))


def escaped(text: str, dice: Random) -> str:
    """Write a JSON string, each letter as itself or as an escape."""
    letters = (
        json.dumps(letter)[1:-1]
        if dice.random() < 0.7 or ord(letter) > 0xFFFF
        else f"\\u{ord(letter):04x}"
        for letter in text
    )
    return f'"{"".join(letters)}"'


def written(value: Any, dice: Random) -> str:
    """Write JSON with white space wherever the grammar allows it."""
    if isinstance(value, dict):
        return objected(list(value.items()), dice)
    if isinstance(value, list):
        inner = ",".join(blank(dice) + written(item, dice) + blank(dice) for item in value)
        return f"[{inner or blank(dice)}]"
    return escaped(value, dice) if isinstance(value, str) else json.dumps(value)


def objected(members: list[tuple[str, Any]], dice: Random) -> str:
    inner = ",".join(
        f"{blank(dice)}{escaped(key, dice)}{blank(dice)}:{blank(dice)}{written(value, dice)}"
        f"{blank(dice)}"
        for key, value in members
    )
    return f"{{{inner or blank(dice)}}}"


@st.composite
def files(draw: st.DrawFn) -> str:
    """A random JSON object as text: any layout, equal keys, escapes, a byte order mark."""
    dice = draw(st.randoms(use_true_random=False))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + blank(dice) + objected(draw(MEMBERS), dice) + blank(dice)


@given(files())
def test_the_members_found_are_those_that_json_reads(text: str) -> None:
    pairs = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=tuple)
    members = scan(text).members
    assert [member.key for member in members] == [key for key, _ in pairs]
    values = [json.loads(text[member.value_start : member.value_end]) for member in members]
    assert values == [json.loads(json.dumps(value)) for value in map(plain, pairs)]


def plain(pair: tuple[str, Any]) -> Any:
    def undo(value: Any) -> Any:
        if isinstance(value, tuple):
            return {key: undo(inner) for key, inner in value}
        return [undo(inner) for inner in value] if isinstance(value, list) else value

    return undo(pair[1])


@settings(max_examples=60)
@given(files(), MAPS)
def test_every_other_byte_stays(text: str, entries: dict[str, Any]) -> None:
    made = replace_member(text, "services", entries)
    before, after = scan(text), scan(made)
    ours = [at for at, member in enumerate(before.members) if member.key == "services"]
    if ours:
        old, new = before.members[ours[-1]], after.members[ours[-1]]
        assert made[: new.value_start] == text[: old.value_start]
        assert made[new.value_end :] == text[old.value_end :]
        assert len(after.members) == len(before.members)
    else:
        end = before.members[-1].value_end if before.members else before.opening + 1
        assert made.startswith(text[:end])
        assert made.endswith(text[end:])
        assert [member.key for member in after.members] == [
            *(member.key for member in before.members),
            "services",
        ]
    assert json.loads(made.removeprefix("\ufeff"))["services"] == entries


@settings(max_examples=60)
@given(files(), MAPS)
def test_a_second_time_changes_nothing(text: str, entries: dict[str, Any]) -> None:
    once = replace_member(text, "services", entries)
    assert replace_member(once, "services", entries) == once


@given(st.text(max_size=20) | files().map(lambda text: text[:-1]) | files().map(lambda t: t + "}"))
def test_what_json_does_not_read_as_an_object_is_refused(text: str) -> None:
    try:
        is_object = isinstance(json.loads(text.removeprefix("\ufeff")), dict)
    except ValueError:
        is_object = False
    if is_object:
        assert scan(text) is not None
    else:
        with pytest.raises(ValueError, match=r"."):
            scan(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            '{\n  "hosts": {},\n  "services": {}\n}\n',
            '{\n  "hosts": {},\n  "services": {\n    "shop": {\n      "port": 1\n    }\n  }\n}\n',
            id="two spaces",
        ),
        pytest.param(
            '{\r\n\t"hosts": {}\r\n}',
            '{\r\n\t"hosts": {},\r\n\t"services": {\r\n\t\t"shop": {\r\n\t\t\t"port": 1\r\n\t\t}'
            "\r\n\t}\r\n}",
            id="tabs and CRLF, added",
        ),
        pytest.param(
            '{"hosts":{},"x":1}\n',
            '{"hosts":{},"x":1,"services":{"shop":{"port":1}}}\n',
            id="compact",
        ),
        pytest.param(
            '{"hosts":{}}', '{"hosts":{},"services":{"shop":{"port":1}}}', id="compact, one member"
        ),
        pytest.param(
            '{ "hosts": {}, "services": null }',
            '{ "hosts": {}, "services": {"shop": {"port": 1}} }',
            id="one line",
        ),
        pytest.param(
            '{"hosts" : {},\n "services" : 1}',
            '{"hosts" : {},\n "services" : {"shop" : {"port" : 1}}}',
            id="no line break after the brace",
        ),
        pytest.param(
            '  {\n    "servi\\u0063es": {}\n  }',
            '  {\n    "servi\\u0063es": {\n      "shop": {\n        "port": 1\n      }\n    }\n  }',
            id="indented top, escaped key",
        ),
    ],
)
def test_the_value_is_laid_out_as_the_file_is(before: str, after: str) -> None:
    assert replace_member(before, "services", {"shop": {"port": 1}}) == after


def test_the_last_of_equal_keys_is_the_one_that_counts() -> None:
    text = '{"services": {"old": {}}, "services": {}}'
    assert replace_member(text, "services", {}) == text
    assert member_value(text, "services") == ()


def test_an_ascii_file_stays_ascii_and_any_other_is_written_plainly() -> None:
    assert replace_member('{"a": 1}', "services", ENTRIES).isascii()
    assert "café" in replace_member('{"a": "ü"}', "services", ENTRIES)
