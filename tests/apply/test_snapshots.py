"""The last snapshot of a retired droplet: planned, taken, and seen."""

from __future__ import annotations

import pytest

from infra_apply.apply.snapshots import plan_snapshot, take_snapshots
from infra_apply.errors import Ambiguous, Failure, Outage, Retry
from tests.apply.retirements import LIME, NAME, NOW, SNAPSHOT, Stage


def test_a_snapshot_is_taken_and_seen() -> None:
    stage = Stage()
    take_snapshots(stage.target, [SNAPSHOT])
    assert stage.client.asked == [f"/v2/droplets/7/actions {NAME}"]
    assert stage.clock.now == 300
    assert f"snapshot {NAME} is there: 2.5 GB, $0.15 a month" in stage.stderr.getvalue()


def test_a_snapshot_whose_answer_was_lost_is_looked_for_and_not_asked_for_again() -> None:
    stage = Stage(answers=[Ambiguous("no answer")])
    take_snapshots(stage.target, [SNAPSHOT])
    assert (len(stage.client.asked), stage.clock.now) == (1, 300)


@pytest.mark.parametrize(
    ("answer", "seconds", "words"),
    [
        (Retry("422 Droplet already has a pending event."), 0, "422 Droplet already has a pending"),
        (Ambiguous("no answer"), 60, "DigitalOcean does not list it"),
        (None, 60, "DigitalOcean does not list it"),
    ],
)
def test_a_snapshot_that_is_not_confirmed_stops_with_words(
    answer: Failure | None, seconds: float, words: str
) -> None:
    stage = Stage(answers=[answer], makes=False)
    with pytest.raises(Outage) as raised:
        take_snapshots(stage.target, [SNAPSHOT])
    assert words in raised.value.message
    assert raised.value.state == "its protection is lifted, and nothing was destroyed"
    assert "infra-apply up --stack prod" in raised.value.next_step
    assert stage.clock.now == seconds


@pytest.mark.parametrize(
    ("name", "made_at", "taken"),
    [
        ("lime-retired-20261125-1030", "2026-11-25T10:30:00Z", True),
        ("lime-retired-20261125-0900", "2026-11-25T09:00:00Z", False),
        ("lime-before-upgrade", "2026-11-25T10:30:00Z", False),
    ],
)
def test_a_snapshot_that_a_run_took_within_the_hour_is_not_taken_again(
    name: str, made_at: str, taken: bool
) -> None:
    listed = {"id": 3, "name": name, "created_at": made_at, "size_gigabytes": 2.5}
    stage = Stage(listed=[listed])
    planned = plan_snapshot(stage.client, "lime", LIME, NOW)
    assert (planned.name, planned.taken is not None) == ((name, True) if taken else (NAME, False))
    take_snapshots(stage.target, [planned])
    assert len(stage.client.asked) == (0 if taken else 1)
