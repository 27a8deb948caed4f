"""What holds of the reaper whatever tags are on a slot, and whatever becomes of it meanwhile."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.fleet_settings import HourLimits
from infra_apply.gpu.reaper import judge, judge_again
from infra_apply.gpu.slot import LEASE_LASTS
from tests.gpu.droplets import NOW, slot
from tests.gpu.reaping import verdicts

HOUR = 3600
LIMITS = HourLimits({"train": 12.0}, {})
near = st.integers(-3 * HOUR, 3 * HOUR).map(lambda offset: int(NOW) + offset)
times = near | st.integers(0, 10**12 - 1)
time_tags = (
    times.map(lambda time: f"infra-apply-deadline:{time}")
    | times.map(lambda time: f"infra-apply-lease:{time}")
    | st.text(max_size=5).map(lambda word: f"infra-apply-lease:{word}")
    | st.text(max_size=5).map(lambda word: f"infra-apply-deadline:{word}")
    | st.text(max_size=8)
)
tag_lists = st.lists(time_tags, max_size=5).map(tuple)


@given(tag_lists, st.integers(0, 10**6))
def test_no_tag_makes_a_slot_live_past_its_pool_s_hours(tags: tuple[str, ...], over: int) -> None:
    old = slot(tags=tags, made_at=NOW - 12 * HOUR - over)
    assert verdicts(old, limits=LIMITS) == {1: "destroy"}


@given(tag_lists, st.integers(0, 10**6))
def test_no_tag_keeps_a_slot_past_its_deadline(tags: tuple[str, ...], over: int) -> None:
    late = slot(deadline=NOW - over, tags=tags)
    assert verdicts(late, limits=LIMITS) == {1: "destroy"}


@given(
    st.lists(times.map(lambda time: f"infra-apply-lease:{time}") | st.text(max_size=8), max_size=5),
    st.integers(1 - LEASE_LASTS, LEASE_LASTS - 1),
    st.integers(1, 10**6),
    st.integers(0, 12 * HOUR - 1),
)
def test_a_live_lease_within_the_deadline_is_never_ended(
    tags: list[str], ahead: int, left: int, age: int
) -> None:
    """Whatever other leases are beside it, and on whichever side its worker's clock is wrong."""
    busy = slot(lease=NOW + ahead, deadline=NOW + left, tags=tuple(tags), made_at=NOW - age)
    assert verdicts(busy, limits=LIMITS) == {1: "keep"}


@st.composite
def droplets(draw: st.DrawFn) -> LiveDroplet:
    droplet = slot(
        deadline=draw(st.none() | near),
        lease=draw(st.none() | near),
        made_at=draw(st.none() | st.integers(0, 24 * HOUR).map(lambda age: NOW - age)),
        tags=draw(tag_lists),
    )
    return replace(droplet, tags=()) if draw(st.integers(0, 9)) == 0 else droplet


@given(droplets(), st.integers(0, HOUR))
def test_a_second_look_ends_just_what_a_first_one_would_end_then(
    droplet: LiveDroplet, later: int
) -> None:
    now = NOW + later
    first = [judgement.verdict for judgement in judge((droplet,), "acme", LIMITS, now)]
    again = judge_again(droplet, "acme", LIMITS, now)
    assert again.verdict == (first[0] if first else "report")
    assert again.droplet.id == droplet.id
