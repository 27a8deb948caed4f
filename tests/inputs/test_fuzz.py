"""No bytes bring the checker down; `python -m tests.inputs.fuzz` tries many more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.inputs.fuzz import one_manifest, one_mesh, one_stack_file, run


@pytest.mark.parametrize("seed", range(3))
def test_a_broken_file_is_read_or_refused_and_can_be_shown(seed: int, tmp_path: Path) -> None:
    counted = run(300, seed, tmp_path)
    assert counted.total() == 300
    assert counted["manifest refused"] > 0
    assert counted["manifest accepted"] > 0


@pytest.mark.parametrize("try_one", [one_manifest, one_stack_file, one_mesh])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(source=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_at_all_are_read_or_refused(
    try_one: object, source: bytes, tmp_path: Path
) -> None:
    assert callable(try_one)
    assert try_one(source, tmp_path).endswith(("accepted", "refused"))
