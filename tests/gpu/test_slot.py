"""A slot says what its droplet's tags say: pool, id, owner, deadline, lease; and what it costs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.recognition import slots_of
from infra_apply.gpu.slot import BOOT_GRACE, LEASE_LASTS, Phase, Slot, new_ids
from tests.gpu.droplets import NOW, slot


def only(droplet: LiveDroplet) -> Slot:
    (slot,) = slots_of([droplet], "acme")
    return slot


def test_name_and_tags_say_pool_id_deadline_and_lease() -> None:
    tagged = only(slot(7, "k3x7qa", lease=NOW - 5, deadline=NOW + 60))
    assert (tagged.pool, tagged.id, tagged.droplet.id) == ("train", "k3x7qa", 7)
    assert (tagged.environment, tagged.deadline, tagged.lease) == ("prod", NOW + 60, NOW - 5)
    bare = only(slot(7, deadline=None))
    assert (bare.deadline, bare.lease) == (None, None)
    assert not bare.has_unreadable_lease


@given(st.lists(st.integers(0, 10**12 - 1), min_size=1))
def test_of_several_deadlines_the_earliest_counts_and_of_leases_the_latest(
    times: list[int],
) -> None:
    tags = [naming.deadline_tag(time) for time in times] + [naming.lease_tag(t) for t in times]
    tagged = only(slot(deadline=None, tags=tuple(tags)))
    assert (tagged.deadline, tagged.lease) == (min(times), max(times))


@pytest.mark.parametrize("text", ["soon", "1e10", "-5", "0x10", "", "1800000000.5", "٣", "9" * 13])
def test_a_time_that_is_no_plain_number_takes_none_away(text: str) -> None:
    tags = (f"infra-apply-deadline:{text}", f"infra-apply-lease:{text}")
    odd = only(slot(deadline=NOW, lease=NOW, tags=tags))
    assert odd.deadline == NOW
    assert odd.lease == NOW and odd.has_unreadable_lease


@pytest.mark.parametrize(
    ("age", "cost"),
    [(0, 2 / 60), (59, 2 / 60), (60, 2 / 60), (3600, 2.0), (5400, 3.0), (-9, 2 / 60)],
)
def test_a_slot_costs_its_hours_and_a_minute_at_least(age: float, cost: float) -> None:
    assert only(slot(made_at=NOW - age, hourly=2.0)).cost(NOW) == pytest.approx(cost)


def test_without_an_age_or_a_price_the_cost_is_unknown() -> None:
    assert only(slot(made_at=None)).cost(NOW) is None
    assert only(slot(hourly=None)).cost(NOW) is None


@given(st.floats(0, 10**8), st.floats(0, 10**8), st.floats(0, 1000))
def test_a_slot_never_gets_cheaper(age: float, later: float, hourly: float) -> None:
    tagged = only(slot(made_at=NOW - age, hourly=hourly))
    now, then = tagged.cost(NOW), tagged.cost(NOW + later)
    assert now is not None and then is not None and 0 <= now <= then


@pytest.mark.parametrize(
    ("droplet", "phase"),
    [
        (slot(lease=NOW, deadline=NOW), "overdue"),
        (slot(lease=NOW - LEASE_LASTS + 1, status="new"), "busy"),
        (slot(made_at=NOW, status="new"), "booting"),
        (slot(made_at=NOW - BOOT_GRACE + 1), "starting"),
        (slot(made_at=NOW - BOOT_GRACE), "idle"),
        (slot(made_at=NOW - BOOT_GRACE + 1, lease=NOW - LEASE_LASTS), "idle"),
        (slot(made_at=None), "idle"),
    ],
)
def test_a_slot_is_in_one_phase(droplet: LiveDroplet, phase: Phase) -> None:
    assert only(droplet).phase(NOW) == phase


@given(st.integers(0, 5), st.integers())
def test_new_ids_are_six_small_base32_characters_and_are_none_of_those_taken(
    count: int, seed: int
) -> None:
    first, same = random.Random(seed), random.Random(seed)  # noqa: S311 - to repeat the picks
    taken = new_ids(count, (), first.choice)
    again = new_ids(count, taken, same.choice)
    assert len({*taken, *again}) == 2 * count
    for slot_id in (*taken, *again):
        assert len(slot_id) == 6 and {*slot_id} <= {*"abcdefghijklmnopqrstuvwxyz234567"}
