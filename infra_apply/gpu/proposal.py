"""What a change of a pool would cost and do, said before it is agreed to: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from infra_apply import naming
from infra_apply.gpu.placement import Place
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.recipe import Recipe
from infra_apply.gpu.slot import Slot
from infra_apply.gpu.status import age_words


def growth(
    pool: Pool, made: Recipe, count: int, may: Sequence[Place], *, shielded: bool
) -> Iterator[str]:
    """Yield the lines for growing to `count`; `may` are the places, in the order to try."""
    first, missing = may[0], count - len(pool.slots)
    dearest = max(one.hourly for one in may)
    most = dearest * missing * made.max_hours
    name = naming.instance(made.project, made.environment)
    yield f"{name}: {len(pool.slots)} -> {count} slots"
    more = f"${first.hourly * missing:.2f} an hour more"
    yield f"  + {missing} x {first}, ${first.hourly:.2f} an hour each: {more}"
    if dearest > first.hourly:
        yield f"    if it is sold out, another of the list: at most ${dearest:.2f} each"
    yield (
        f"    `gpu reap` ends them at their deadline, in {made.max_hours:g} h: "
        f"at most ${most:.2f} until then"
    )
    if not shielded:
        yield (
            "    no firewall shields them: the environment's stack has the pool's, once "
            "`network.ssh` is set and it was run"
        )
    yield from _leftovers(pool, ())


def shrinking(pool: Pool, count: int, going: Collection[str], now: float) -> Iterator[str]:
    """Yield the lines for ending the slots in `going`; none where nothing would be done."""
    lines = [_ending(one, now) for one in pool.slots if one.id in going]
    lines += _leftovers(pool, going)
    if lines:
        yield f"{len(pool.slots)} -> {count} slots"
        yield from lines


def _ending(slot: Slot, now: float) -> str:
    spent = slot.cost(now)
    cost = "" if spent is None else f", ${spent:.2f} so far"
    age = age_words(slot, now)
    return f"  - {slot.id}, droplet {slot.droplet.id}: {slot.phase(now)}, {age} old{cost}"


def _leftovers(pool: Pool, going: Collection[str]) -> Iterator[str]:
    for one in pool.orphans:
        if one.id not in going:
            how = "left by a run that was cut short, taken in"
            yield f"  = {one.id}, droplet {one.droplet.id}: {how}"
    for one in pool.extras:
        yield f"  - droplet {one.droplet.id}: a second one of slot {one.id}"
