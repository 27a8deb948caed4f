"""What a change of a pool would cost and do, said before it is agreed to: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from infra_apply.gpu.placement import Placement
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.slot import Slot
from infra_apply.gpu.status import age_text
from infra_apply.plan.model import PoolPlan


def describe_growth(
    pool: Pool,
    plan: PoolPlan,
    count: int,
    placements: Sequence[Placement],
    *,
    has_firewall: bool,
) -> Iterator[str]:
    """Yield the lines for growing to `count`; `placements` are in the order to try."""
    first, missing = placements[0], count - len(pool.slots)
    dearest = max(placement.hourly for placement in placements)
    most = dearest * missing * plan.max_hours
    yield f"{plan.name}: {len(pool.slots)} -> {count} slots"
    more = f"${first.hourly * missing:.2f} an hour more"
    yield f"  + {missing} x {first}, ${first.hourly:.2f} an hour each: {more}"
    if dearest > first.hourly:
        yield f"    if it is sold out, another of the list: at most ${dearest:.2f} each"
    yield (
        f"    `gpu reap` ends them at their deadline, in {plan.max_hours:g} h: "
        f"at most ${most:.2f} until then"
    )
    if not has_firewall:
        yield (
            "    no firewall shields them: the environment's stack has the pool's, once "
            "`network.ssh` is set and it was run"
        )
    yield from _leftovers(pool, ())


def describe_shrink(pool: Pool, count: int, ending: Collection[str], now: float) -> Iterator[str]:
    """Yield the lines for ending the slots with these ids; none where nothing would be done."""
    lines = [_ending_line(slot, now) for slot in pool.slots if slot.id in ending]
    lines += _leftovers(pool, ending)
    if lines:
        yield f"{len(pool.slots)} -> {count} slots"
        yield from lines


def _ending_line(slot: Slot, now: float) -> str:
    cost = slot.cost(now)
    so_far = "" if cost is None else f", ${cost:.2f} so far"
    age = age_text(slot, now)
    return f"  - {slot.id}, droplet {slot.droplet.id}: {slot.phase(now)}, {age} old{so_far}"


def _leftovers(pool: Pool, ending: Collection[str]) -> Iterator[str]:
    for slot in pool.orphans:
        if slot.id not in ending:
            how = "left by a run that was cut short, taken in"
            yield f"  = {slot.id}, droplet {slot.droplet.id}: {how}"
    for slot in pool.extras:
        yield f"  - droplet {slot.droplet.id}: a second one of slot {slot.id}"
