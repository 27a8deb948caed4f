"""No bytes bring the checker down; `python -m tests.inputs.fuzz` tries many more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.inputs.fuzz import run, try_manifest, try_mesh, try_stack_file


@pytest.mark.parametrize("seed", range(3))
def test_a_broken_file_is_read_or_refused_and_can_be_shown(seed: int, tmp_path: Path) -> None:
    counted = run(300, seed, tmp_path)
    assert counted.total() == 300
    assert counted["manifest refused"] > 0
    assert counted["manifest accepted"] > 0


@pytest.mark.parametrize("attempt", [try_manifest, try_stack_file, try_mesh])
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(source=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_at_all_are_read_or_refused(
    attempt: object, source: bytes, tmp_path: Path
) -> None:
    assert callable(attempt)
    assert attempt(source, tmp_path).endswith(("accepted", "refused"))
