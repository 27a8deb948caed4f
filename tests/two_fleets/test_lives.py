"""Two companies live on one account, with the real engine; `-m tests.two_fleets` plays more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.two_fleets.lives import NAMES, live

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("warm_interpreters"),
]


@pytest.mark.parametrize("naming", NAMES)
def test_neither_changes_attaches_to_or_ends_anything_of_the_others(
    tmp_path: Path, naming: str
) -> None:
    life = live(tmp_path, naming, seed=1, steps=6)
    assert life.wrong == []
    assert [step.code for step in life.steps] == [0] * 6
