"""Two companies live on one account, with the real engine; `-m tests.two_fleets` plays more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.two_fleets.lives import live

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("warm_interpreters"),
]


def test_neither_changes_attaches_to_or_ends_anything_of_the_others(tmp_path: Path) -> None:
    life = live(tmp_path, "same", seed=1, steps=6)
    assert life.wrong == []
    assert [step.code for step in life.steps] == [0] * 6
