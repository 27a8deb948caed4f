from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.inputs.yaml_reader import MAX_BYTES, read


def test_every_key_and_value_keeps_its_place() -> None:
    document, diagnostics = read("/f", b"a:\n  b: [x, y]\nc: 1\n")
    assert document is not None
    assert diagnostics == ()
    assert (document.key("a", "b").line, document.key("a", "b").column) == (2, 3)
    assert (document.value("a", "b", 1).line, document.value("a", "b", 1).column) == (2, 10)
    assert document.value("c").column == 4


def test_columns_count_code_points() -> None:
    document, _ = read("/f", "é: {ü: x}\n".encode())
    assert document is not None
    assert document.value("é", "ü").column == 8


def test_a_merged_key_has_the_place_it_was_written_at() -> None:
    document, _ = read("/f", b"base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n")
    assert document is not None
    assert document.data["use"] == {"x": 1, "y": 2}
    assert document.key("use", "x").line == 1


def test_a_file_that_is_too_large_is_not_read() -> None:
    document, diagnostics = read("/f", b"a: " + b"x" * MAX_BYTES)
    assert document is None
    assert [diagnostic.code.id for diagnostic in diagnostics] == ["IA002"]


def test_as_many_bytes_as_are_allowed_are_read() -> None:
    document, diagnostics = read("/f", b"a: " + b"x" * (MAX_BYTES - 3))
    assert document is not None
    assert diagnostics == ()


def test_all_mistakes_that_can_be_passed_over_are_reported_at_once() -> None:
    _, diagnostics = read("/f", b"a: !x 1\na: 2\n[k]: 3\n")
    assert [diagnostic.code.id for diagnostic in diagnostics] == ["IA007", "IA010", "IA009"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), PLAIN, min_size=1))
def test_a_document_is_read_as_the_yaml_library_reads_it(data: dict[str, object]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    document, diagnostics = read("/f", text.encode())
    assert diagnostics == ()
    assert document is not None
    assert document.data == yaml.load(text, yaml.CSafeLoader)


@pytest.mark.parametrize("opener", ["[", "- ", "? ", "{a: "])
def test_nesting_without_end_ends_in_a_diagnostic(opener: str) -> None:
    document, diagnostics = read("/f", b"a:\n " + opener.encode() * 50_000)
    assert document is None
    assert diagnostics[-1].code.id in {"IA006", "IA001"}
