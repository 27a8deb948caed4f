"""No tag keeps a slot for ever: deadlines, leases and the hours that a pool's slots may live."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.gpu.fleet_settings import LONGEST_HOURS, HourLimits, hour_limits
from infra_apply.gpu.slot import LEASE_LASTS
from infra_apply.inputs.settings import PoolLimits
from tests.companies import SETTINGS
from tests.gpu.droplets import NOW, slot
from tests.gpu.reaping import verdicts

YEAR_33658 = 10**12 - 1
HOUR = 3600.0
SHORT = HourLimits({"train": 2.0}, {"prod": 24.0})


def test_a_second_unreadable_deadline_keeps_no_slot_for_ever() -> None:
    odd = slot(deadline=NOW, lease=NOW, tags=("infra-apply-deadline:never",))
    assert verdicts(odd) == {1: "destroy"}


def test_a_later_deadline_beside_the_first_keeps_no_slot_longer() -> None:
    late = slot(deadline=NOW, tags=(f"infra-apply-deadline:{YEAR_33658}",))
    assert verdicts(late) == {1: "destroy"}


def test_a_lease_of_the_year_33658_keeps_no_slot() -> None:
    assert verdicts(slot(lease=YEAR_33658, deadline=NOW + 60)) == {1: "destroy"}
    starting = slot(lease=YEAR_33658, made_at=NOW - 60)
    assert verdicts(starting) == {1: "keep"}


def test_a_lease_of_a_time_to_come_takes_no_other_away() -> None:
    ahead = slot(lease=NOW, tags=(f"infra-apply-lease:{YEAR_33658}",))
    assert verdicts(ahead) == {1: "keep"}
    assert verdicts(ahead, now=NOW + LEASE_LASTS) == {1: "destroy"}


def test_a_worker_s_clock_may_be_ahead_by_a_lease_and_not_by_more() -> None:
    assert verdicts(slot(lease=NOW + LEASE_LASTS - 1)) == {1: "keep"}
    assert verdicts(slot(lease=NOW + LEASE_LASTS)) == {1: "destroy"}


@given(st.integers(10**7, 2 * 10**9), st.integers(-(10**6), 10**6))
def test_one_lease_protects_for_twice_its_length_at_most(lease: int, offset: int) -> None:
    now = float(lease + offset)
    leased = slot(lease=lease, made_at=now - 10 * HOUR, deadline=now + HOUR)
    kept = verdicts(leased, now=now) == {1: "keep"}
    assert kept == (abs(offset) < LEASE_LASTS)


@given(
    st.lists(
        st.integers(0, YEAR_33658).map(lambda time: f"infra-apply-deadline:{time}")
        | st.integers(0, YEAR_33658).map(lambda time: f"infra-apply-lease:{time}")
        | st.text(max_size=5).map(lambda word: f"infra-apply-deadline:{word}"),
        max_size=5,
    ),
    st.none() | st.just(NOW + 10**6),
)
def test_no_tag_lifts_the_hours_that_a_pool_s_slots_may_live(
    tags: list[str], deadline: float | None
) -> None:
    old = slot(deadline=deadline, lease=NOW, tags=tuple(tags), made_at=NOW - 2 * HOUR)
    assert verdicts(old, limits=SHORT) == {1: "destroy"}


def test_a_slot_younger_than_its_pool_s_hours_is_not_ended_by_them() -> None:
    young = slot(lease=NOW, made_at=NOW - 2 * HOUR + 1)
    assert verdicts(young, limits=SHORT) == {1: "keep"}


@pytest.mark.parametrize(
    ("name", "owner", "hours"),
    [("train", "prod", 12.0), ("other", "prod", 24.0), ("train-dev", "dev", LONGEST_HOURS)],
)
def test_the_settings_say_the_hours_of_a_pool_else_a_day_and_without_settings_a_week(
    name: str, owner: str, hours: float
) -> None:
    limits = hour_limits([replace(SETTINGS, gpu_pools={"train": PoolLimits(max_hours=12.0)})])
    tags = (f"infra-apply-slot:acme:{name}:bbbbbb",)
    droplet = slot(
        1,
        name=f"{name}-gpu-bbbbbb",
        owner=f"infra-apply:acme:{owner}",
        lease=NOW,
        made_at=NOW - hours * HOUR,
        tags=tags,
    )
    assert verdicts(droplet, limits=limits) == {1: "destroy"}
    younger = replace(droplet, made_at=NOW - hours * HOUR + 1)
    assert verdicts(younger, limits=limits) == {1: "keep"}
