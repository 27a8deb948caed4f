"""What people and programs read of an environment's slots."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.gpu.heartbeat import Heartbeat
from infra_apply.gpu.pool import Remembered, survey
from infra_apply.gpu.status import Status, as_json, text
from tests.gpu.droplets import NOW, TRAIN, slot

DROPLETS = (
    slot(1, "aaaaaa", lease=NOW),
    slot(2, "bbbbbb", made_at=NOW - 60, status="new"),
    slot(3, "bbbbbb", made_at=NOW, deadline=None),
    slot(4, "cccccc", deadline=NOW - 1, hourly=None),
)


def status(state: dict[str, int], *, read: bool = True) -> Status:
    pool = survey(TRAIN, DROPLETS, Remembered(state, unfinished=bool(state)))
    return Status("prod", {"train": pool}, state_read=read)


def test_each_slot_has_a_line_and_each_difference_is_named() -> None:
    lines = list(text(status({"aaaaaa": 1, "cccccc": 4, "dddddd": 9}), NOW))
    assert lines == [
        "pool   slot    phase     size                     droplet  age         spent    deadline",
        "train  aaaaaa  busy      gpu-l40sx1-48gb in tor1  1        3 h 00 min  $6.00    2027-01-15 09:00Z",  # noqa: E501
        "train  bbbbbb  booting   gpu-l40sx1-48gb in tor1  2        1 min       $0.03    2027-01-15 09:00Z",  # noqa: E501
        "train  bbbbbb  starting  gpu-l40sx1-48gb in tor1  3        0 min       $0.03    unknown",
        "train  cccccc  overdue   gpu-l40sx1-48gb in tor1  4        3 h 00 min  unknown  2027-01-15 07:59Z",  # noqa: E501
        "",
        "4 slots: $6.00 an hour, $6.07 so far, partly unknown",
        "",
        "differences (5)",
        "  train: slot bbbbbb (droplet 2) is in no state; `gpu scale` takes it in or ends it",
        "  train: droplet 3 is a second one of slot bbbbbb; `gpu scale` ends it",
        "  train: the state has slot dddddd (droplet 9), and DigitalOcean has not",
        "  train: a run is making slots, or was cut short; `gpu scale` clears that up",
        (
            "  train: slot bbbbbb (droplet 3) has no deadline that can be read, "
            "so `gpu reap` leaves it alone until its pool's hours are over"
        ),
    ]


def test_json_has_every_fact_and_null_for_what_is_not_known() -> None:
    slots = as_json(status({"aaaaaa": 1}), NOW)["slots"]
    assert [(slot["slot"], slot["droplet"], slot["in_state"]) for slot in slots] == [
        ("aaaaaa", 1, True),
        ("bbbbbb", 2, False),
        ("bbbbbb", 3, False),
        ("cccccc", 4, False),
    ]
    assert slots[3]["spent"] is None and slots[2]["deadline"] is None


def test_without_the_state_nothing_is_said_of_it() -> None:
    unread = status({}, read=False)
    assert {slot["in_state"] for slot in as_json(unread, NOW)["slots"]} == {None}
    assert not any("in no state" in line for line in text(unread, NOW))


def test_when_the_reaper_ran_last_is_shown_and_null_where_nobody_can_tell() -> None:
    ran = replace(status({}), reaper=Heartbeat(int(NOW) - 60))
    assert as_json(ran, NOW)["reaper"] == {"heartbeat": int(NOW) - 60, "age": 60}
    assert "the reaper ran 1 min ago" in list(text(ran, NOW))
    for reaper in (None, Heartbeat(None), Heartbeat(None, is_known=False)):
        unknown = as_json(replace(status({}), reaper=reaper), NOW)["reaper"]
        assert unknown == {"heartbeat": None, "age": None}


def test_an_empty_environment_says_that_nothing_bills() -> None:
    assert list(text(Status("prod", {}), NOW)) == ["no slot is there, and nothing bills"]
