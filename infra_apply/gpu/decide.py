"""How many slots a pool should have now, which of them end, and why: pure.

What wins, in this order: the hard deadline, the budget, work, idleness. Slots that still boot count
as there. A queue that cannot be read holds the pool as it is, and drains it after a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.gpu.history import History, Queue
from infra_apply.gpu.idle import idle_timeout
from infra_apply.gpu.slot import LEASE_LASTS
from infra_apply.terminal.layout import duration, plural


@dataclass(frozen=True, slots=True)
class Policy:
    """What bounds a pool, and what its decisions weigh.

    `idle` and `boot` are seconds; `idle` None: as long as it is worth. `budget` is USD a UTC day.
    `price` is USD an hour of a slot, `waiting_price` of a job that waits (None: a third of it).
    `keep_warm` slots stay while there is work at all.
    """

    boot: float
    price: float
    max_slots: int = 1
    jobs_per_slot: int = 1
    keep_warm: int = 0
    idle: float | None = None
    budget: float | None = None
    waiting_price: float | None = None

    @property
    def waiting_ratio(self) -> float:
        """What a job's waiting is worth, in slots."""
        if self.waiting_price is None:
            return _WAITING
        return self.waiting_price / self.price if self.price else 0.0

    @property
    def start_worth(self) -> float:
        """What a start costs, in seconds of an idle slot: the boot, and a job that waits for it."""
        return self.boot * (1 + self.waiting_ratio)


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """A slot as decisions see it. `is_busy` is None where nobody knows.

    `deadline` is in seconds since 1970, `price` USD an hour.
    """

    id: str
    is_ready: bool
    is_busy: bool | None
    deadline: float | None
    price: float


@dataclass(frozen=True, slots=True)
class Observation:
    """A pool as it is. `queue` is None where it could not be read, for `unread_for` seconds by now.

    `spent` is USD of this UTC day, of slots that are there and of those that ended; None where
    nobody knows.
    """

    queue: Queue | None
    slots: tuple[SlotSeen, ...]
    history: History
    spent: float | None = 0.0
    unread_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done: slots to add, ids that take no more work, and ids that end; and why."""

    add: int = 0
    drain: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def decide(seen: Observation, policy: Policy, now: float) -> Decision:
    """Decide what is to be done with a pool at `now`, in seconds since 1970."""
    overdue = [slot for slot in seen.slots if slot.deadline is not None and now >= slot.deadline]
    live = [slot for slot in seen.slots if slot not in overdue]
    reasons = [f"{slot.id}: its deadline has passed" for slot in overdue]
    if policy.budget is not None and seen.spent is not None and seen.spent >= policy.budget:
        reasons.append(f"the day's budget is spent: ${seen.spent:.2f} of ${policy.budget:.2f}")
        return Decision(end=_ids([*overdue, *live]), reasons=tuple(reasons))
    if seen.queue is None:
        if seen.unread_for < LEASE_LASTS:
            reasons.append(f"the queue cannot be read: {plural(len(live), 'slot')} held")
            return Decision(end=_ids(overdue), reasons=tuple(reasons))
        reasons.append(f"the queue could not be read for {duration(seen.unread_for)}: drained")
        idle = [slot for slot in live if slot.is_busy is False]
        return Decision(0, _ids(live, but=idle), _ids([*overdue, *idle]), tuple(reasons))

    wanted, why = _wanted(seen.queue, live, seen.history, policy)
    if wanted > len(live):
        affordable, bound = _affordable(seen, live, policy)
        add = min(wanted - len(live), affordable)
        reasons += [why] if add else []
        reasons += [bound] if bound and add < wanted - len(live) else []
        return Decision(add, (), _ids(overdue), tuple(reasons))
    spare = _spare(seen.queue, live, seen.history, policy, now)
    reasons += [f"{slot.id}: {why}" for slot, why in spare]
    ending = [*overdue, *(slot for slot, _ in spare)]
    return Decision(0, (), _ids(ending), tuple(reasons) or (_hold(seen.queue, live),))


def _wanted(
    queue: Queue, live: Sequence[SlotSeen], history: History, policy: Policy
) -> tuple[int, str]:
    """Return how many slots the queue is worth, and why."""
    room = max(0, len(live) * policy.jobs_per_slot - queue.running)
    left = max(0, queue.waiting - room)
    ready = sum(slot.is_ready for slot in live)
    most = min(policy.max_slots, queue.level(policy.jobs_per_slot))
    count = len(live)
    while count < most and left and _is_worth(count, ready, left, history.job_seconds, policy):
        count += 1
        if count == 1 or history.job_seconds is None:
            left = max(0, left - policy.jobs_per_slot)
    jobs = plural(queue.waiting, "job")
    waits = "waits" if queue.waiting == 1 else "wait"
    return count, f"{jobs} {waits}, {len(live)} of {count} wanted slots are there"


def _is_worth(count: int, ready: int, left: int, job_seconds: float | None, policy: Policy) -> bool:
    """Say whether one slot more than `count` saves the `left` jobs more waiting than it costs.

    Without it they are begun by `count` slots, one after the other; with it the same jobs are begun
    by one slot more once that has booted. The first slot is always worth it, and so is any where
    nobody knows how long a job takes: it may take for ever.
    """
    if count == 0 or not job_seconds:
        return True
    width, wider = count * policy.jobs_per_slot, (count + 1) * policy.jobs_per_slot
    begun_meanwhile = ready * policy.jobs_per_slot * policy.boot / job_seconds
    later = max(0.0, left - begun_meanwhile)
    saved = later * later * job_seconds / 2 * (1 / width - 1 / wider)
    return saved * policy.waiting_ratio > policy.boot


def _affordable(seen: Observation, live: Sequence[SlotSeen], policy: Policy) -> tuple[int, str]:
    """Return how many slots more the budget pays until they did something, and what bounds it."""
    if policy.budget is None:
        return policy.max_slots, ""
    if seen.spent is None:
        return 0, "what was spent today is not known: no slot is added"
    seconds = policy.boot + max(seen.history.job_seconds or 0.0, policy.boot)
    price = policy.price * seconds / 3600
    left = policy.budget - seen.spent - sum(slot.price for slot in live) * seconds / 3600
    count = policy.max_slots if price <= 0 else max(0, int(left / price))
    return count, f"the budget has ${max(0.0, left):.2f} left today"


def _spare(
    queue: Queue, live: Sequence[SlotSeen], history: History, policy: Policy, now: float
) -> list[tuple[SlotSeen, str]]:
    """Return the slots that are not worth keeping, each with the reason."""
    least = policy.keep_warm if queue.waiting or queue.running else 0
    needed = max(queue.level(policy.jobs_per_slot), min(least, policy.max_slots))
    idle = sorted(
        (slot for slot in live if _may_end(slot, queue)),
        key=lambda slot: (slot.is_ready, slot.deadline or 0.0, slot.id),
    )
    ending = []
    for number in range(len(live), needed, -1):
        if not idle:
            break
        level = history.level(number)
        unneeded = 0.0 if level.unneeded_since is None else now - level.unneeded_since
        timeout = policy.idle
        if timeout is None:
            timeout = idle_timeout(level.gaps, policy.boot, policy.start_worth)
        if unneeded < timeout:
            continue
        work = f"no work for {plural(number, 'slot')} for {duration(unneeded)}"
        why = f"{work}, which is kept for {duration(timeout)}"
        ending.append((idle.pop(0), why))
    return ending


def _may_end(slot: SlotSeen, queue: Queue) -> bool:
    """Say whether a slot is surely without work: where nobody knows, none is if any job runs."""
    if slot.is_busy is None:
        return not (queue.waiting or queue.running)
    return not slot.is_busy


def _hold(queue: Queue, live: Sequence[SlotSeen]) -> str:
    return f"{queue.waiting} waiting, {queue.running} at work: {plural(len(live), 'slot')} held"


def _ids(slots: Iterable[SlotSeen], but: Iterable[SlotSeen] = ()) -> tuple[str, ...]:
    left_out = {slot.id for slot in but}
    return tuple(slot.id for slot in slots if slot.id not in left_out)


_WAITING: Final = 1 / 3
"""What an hour of a job's waiting is worth, in hours of a slot."""
