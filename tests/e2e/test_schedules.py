"""Nothing lost, nothing doubled: one schedule of each kind; `python -m tests.schedules` has all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.schedules.fleets import ONE
from tests.schedules.play import play
from tests.schedules.schedule import Request, Schedule, Strike
from tests.schedules.stage import Stage, prepare
from tests.schedules.strike import is_playable

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

# Without a preview of their own: what strikes an update is the same, and it takes half as long.
HEALED = (
    Strike(Request("POST", "/v2/droplets", 1), "killed after"),
    Strike(Request("POST", "/v2/droplets", 1), "dropped after"),
    Strike(Request("POST", "/v2/databases/*/dbs", 1), "500 after"),
    Strike(Request("POST", "/v2/databases/*/users", 1), "hidden, dropped after"),
    Strike(Request("POST", "/v2/firewalls", 1), "late"),
    Strike(Request("GET", "/v2/firewalls/*", 1), "404"),
    Strike(Request("POST", "/v2/tags", 1), "401 from here on"),
    Strike(Request("GET", "/v2/sizes", 1), "500 before"),
    Strike(Request("GET", "/v2/databases/*/autoscale", 1), "dropped before"),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, warm_interpreters: Path) -> Stage:
    return prepare(ONE, tmp_path_factory.mktemp("stage"), python=warm_interpreters)


@pytest.mark.parametrize("strike", HEALED, ids=str)
def test_the_run_after_a_fault_ends_right_and_the_next_changes_nothing(
    stage: Stage, tmp_path: Path, strike: Strike
) -> None:
    assert is_playable(strike)
    verdict = play(stage, Schedule(1, (strike,)), tmp_path / "played", "hasty")
    assert verdict.struck
    assert verdict.outcome in {"right", "pending"}, verdict.wrong
