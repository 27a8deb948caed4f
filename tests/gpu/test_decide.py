"""How many slots a pool should have, which end, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.gpu.decide import Decision, Observation, Policy, SlotSeen, decide
from infra_apply.gpu.history import History, Level, Queue

NOW = 1_800_000_000.0
POLICY = Policy(boot=180, price=2.0, max_slots=4)


def slot(
    name: str, *, ready: bool = True, busy: bool | None = False, deadline: float | None = None
) -> SlotSeen:
    return SlotSeen(name, ready, busy, deadline, 2.0)


def seen(queue: Queue | None, *slots: SlotSeen, **facts: Any) -> Observation:
    return Observation(queue, slots, **({"history": History()} | facts))


def unneeded(*seconds: float) -> History:
    """A history in which each level has not been needed for so long."""
    levels = tuple(Level(NOW - length) for length in seconds)
    return History(begun=NOW - 9999, levels=levels, at=NOW)


def knowing(job_seconds: float) -> History:
    return History(begun=NOW, at=NOW, worked=job_seconds * 100, ended=100.0)


def test_the_first_job_gets_the_first_slot() -> None:
    decision = decide(seen(Queue(1, 0)), POLICY, NOW)
    assert decision == Decision(add=1, reasons=("1 job waits, 0 of 1 wanted slots are there",))


def test_slots_that_boot_count_as_there() -> None:
    booting = slot("a", ready=False)
    assert decide(seen(Queue(1, 0), booting), POLICY, NOW).add == 0
    assert decide(seen(Queue(3, 0), booting), POLICY, NOW).add == 2


def test_never_more_slots_than_the_pool_may_have_nor_than_there_is_work_for() -> None:
    assert decide(seen(Queue(99, 0)), POLICY, NOW).add == 4
    wide = Policy(boot=180, price=2, max_slots=9, jobs_per_slot=4)
    assert decide(seen(Queue(5, 0)), wide, NOW).add == 2


def test_short_jobs_get_no_second_slot_that_would_boot_longer_than_they_wait() -> None:
    working = slot("a", busy=True)
    assert decide(seen(Queue(5, 1), working, history=knowing(10)), POLICY, NOW).add == 0
    assert decide(seen(Queue(90, 1), working, history=knowing(10)), POLICY, NOW).add > 0
    assert decide(seen(Queue(5, 1), working, history=knowing(600)), POLICY, NOW).add > 0


def test_a_start_is_worth_its_boot_and_the_waiting_for_it() -> None:
    assert POLICY.start_worth == 240
    assert Policy(boot=180, price=2, waiting_price=1).start_worth == 270
    assert Policy(boot=180, price=0, waiting_price=1).start_worth == 180


def test_a_slot_is_kept_for_what_a_start_is_worth_and_then_ends() -> None:
    worth = POLICY.start_worth
    assert decide(seen(Queue(0, 0), slot("a"), history=unneeded(worth - 1)), POLICY, NOW).end == ()
    ended = decide(seen(Queue(0, 0), slot("a"), history=unneeded(worth)), POLICY, NOW)
    assert ended.end == ("a",)
    assert ended.reasons == ("a: no work for 1 slot for 4 min, which is kept for 4 min",)


def test_an_idle_time_of_the_settings_wins() -> None:
    policy = Policy(boot=180, price=2, max_slots=4, idle=900)
    assert decide(seen(Queue(0, 0), slot("a"), history=unneeded(899)), policy, NOW).end == ()
    assert decide(seen(Queue(0, 0), slot("a"), history=unneeded(900)), policy, NOW).end == ("a",)


def test_while_the_queue_is_as_deep_as_the_pool_every_slot_is_held() -> None:
    slots = [slot("a"), slot("b", busy=True)]
    held = decide(seen(Queue(1, 1), *slots, history=unneeded(9999)), POLICY, NOW)
    assert held == Decision(reasons=("1 waiting, 1 at work: 2 slots held",))


def test_slots_that_are_kept_warm_stay_while_there_is_work_and_no_longer() -> None:
    policy = Policy(boot=180, price=2, max_slots=4, keep_warm=2)
    slots = [slot("a", busy=True), slot("b"), slot("c")]
    history = unneeded(0, 9999, 9999)
    assert decide(seen(Queue(0, 1), *slots, history=history), policy, NOW).end == ("b",)
    idle = [slot("a"), slot("b"), slot("c")]
    history = unneeded(9999, 9999, 9999)
    assert decide(seen(Queue(0, 0), *idle, history=history), policy, NOW).end == ("a", "b", "c")


def test_where_nobody_knows_which_slots_work_none_ends_while_any_job_is_there() -> None:
    slots = [slot("a", busy=None), slot("b", busy=None)]
    history = unneeded(9999, 9999)
    assert decide(seen(Queue(0, 1), *slots, history=history), POLICY, NOW).end == ()
    assert decide(seen(Queue(0, 0), *slots, history=history), POLICY, NOW).end == ("a", "b")


def test_a_deadline_ends_a_slot_at_work() -> None:
    decision = decide(seen(Queue(3, 1), slot("a", busy=True, deadline=NOW)), POLICY, NOW)
    assert decision.end == ("a",)
    assert "a: its deadline has passed" in decision.reasons


def test_a_budget_that_is_spent_ends_everything_and_adds_nothing() -> None:
    policy = Policy(boot=180, price=2, max_slots=4, budget=10)
    slots = [slot("a", busy=True), slot("b")]
    decision = decide(seen(Queue(9, 1), *slots, spent=10.0), policy, NOW)
    assert decision.end == ("a", "b") and decision.add == 0
    assert decision.reasons == ("the day's budget is spent: $10.00 of $10.00",)


def test_a_budget_bounds_how_many_slots_are_added() -> None:
    policy = Policy(boot=1800, price=2, max_slots=4, budget=10)
    decision = decide(seen(Queue(9, 0), spent=5.0), policy, NOW)
    assert decision.add == 2
    assert "the budget has $5.00 left today" in decision.reasons


def test_where_nobody_knows_what_was_spent_nothing_is_added() -> None:
    policy = Policy(boot=180, price=2, max_slots=4, budget=10)
    decision = decide(seen(Queue(9, 0), spent=None), policy, NOW)
    assert decision == Decision(reasons=("what was spent today is not known: no slot is added",))


def test_a_queue_that_cannot_be_read_holds_the_pool_and_drains_it_after_a_lease() -> None:
    slots = [slot("a", busy=True), slot("b"), slot("c", busy=None)]
    held = decide(seen(None, *slots, unread_for=899), POLICY, NOW)
    assert held == Decision(reasons=("the queue cannot be read: 3 slots held",))
    drained = decide(seen(None, *slots, unread_for=900), POLICY, NOW)
    assert (drained.drain, drained.end) == (("a", "c"), ("b",))


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    number = st.integers(0, 30)
    slots = tuple(
        SlotSeen(
            f"s{index}",
            draw(st.booleans()),
            draw(st.sampled_from([True, False, None])),
            draw(st.none() | st.floats(NOW - 100, NOW + 100)),
            2.0,
        )
        for index in range(draw(st.integers(0, 6)))
    )
    levels = tuple(
        Level(
            draw(st.none() | st.floats(NOW - 5000, NOW)),
            tuple(draw(st.lists(st.floats(0, 5000), max_size=4))),
        )
        for _ in range(draw(st.integers(0, 6)))
    )
    history = History(NOW - 5000, levels, None, NOW, draw(st.floats(0, 1e5)), draw(st.floats(0, 9)))
    queue = draw(st.none() | st.builds(Queue, number, number))
    spent = draw(st.none() | st.floats(0, 20))
    return Observation(queue, slots, history, spent, draw(st.floats(0, 2000)))


POLICIES = st.builds(
    Policy,
    boot=st.floats(1, 1000),
    price=st.floats(0, 30),
    max_slots=st.integers(0, 5),
    jobs_per_slot=st.integers(1, 4),
    keep_warm=st.integers(0, 3),
    idle=st.none() | st.floats(0, 1000),
    budget=st.none() | st.floats(0, 20),
)


@given(observations(), POLICIES)
def test_whatever_is_seen_nothing_at_work_ends_before_its_deadline_or_the_budget(
    seen: Observation, policy: Policy
) -> None:
    decision = decide(seen, policy, NOW)
    live = {slot.id: slot for slot in seen.slots}
    assert set(decision.end) <= live.keys() and set(decision.drain) <= live.keys()
    assert not set(decision.end) & set(decision.drain)
    assert len(set(decision.end)) == len(decision.end)
    is_spent = policy.budget is not None and seen.spent is not None and seen.spent >= policy.budget
    for slot_id in decision.end:
        ending = live[slot_id]
        is_overdue = ending.deadline is not None and ending.deadline <= NOW
        assert is_spent or is_overdue or not ending.is_busy
    overdue = {slot.id for slot in seen.slots if slot.deadline and slot.deadline <= NOW}
    assert overdue <= set(decision.end)
    assert decision.reasons


@given(observations(), POLICIES)
def test_whatever_is_seen_no_slot_is_added_beyond_the_most_or_without_a_known_budget(
    seen: Observation, policy: Policy
) -> None:
    decision = decide(seen, policy, NOW)
    left = len(seen.slots) - len(decision.end)
    assert decision.add == 0 or left + decision.add <= policy.max_slots
    if seen.queue is None or (policy.budget is not None and seen.spent is None):
        assert decision.add == 0
    if seen.queue is not None and not seen.queue.waiting:
        assert decision.add == 0


@pytest.mark.parametrize("price", [0.0, 2.0])
def test_a_price_of_nothing_is_no_mistake(price: float) -> None:
    policy = Policy(boot=180, price=price, max_slots=4, budget=1.0)
    assert decide(seen(Queue(2, 0), spent=0.0), policy, NOW).add > 0
