"""Make a pool as large as is wanted: decide, act, and read it again until it is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from infra_apply.digitalocean.read import read_sizes
from infra_apply.errors import Ambiguous, Retry
from infra_apply.gpu.apply import apply
from infra_apply.gpu.attempts import Attempts, error_text
from infra_apply.gpu.change import plan_growth, plan_shrink
from infra_apply.gpu.context import PoolContext, read_pool
from infra_apply.gpu.placement import Placement, placements, why_none
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.slot import new_ids
from infra_apply.gpu.slot_spec import SlotSpec, new_slot
from infra_apply.plan.model import PoolPlan


def grow(
    context: PoolContext, pool: Pool, count: int, plan: PoolPlan, ssh_keys: Mapping[str, int]
) -> Pool:
    """Make slots until there are `count`, and return the pool. Every attempt has a new id.

    Where DigitalOcean has no room (422, or a droplet that vanished after its 202), the next
    placement is tried. Raises Retry when there is none left, Outage for what another one cannot
    mend. `ssh_keys` are the ids of the account's keys by name.
    """
    attempts = Attempts()
    while True:
        missing = count - len(pool.slots)
        late = [slot.id for slot in pool.slots if slot.id in attempts.failed_ids]
        if missing < 0 and late:  # an attempt that was given up came to life after all
            return shrink(context, pool, frozenset(late[:-missing]))
        placement: Placement | None = None
        new_slots: list[SlotSpec] = []
        if missing > 0:
            placement = _choose_placement(context, plan, attempts, pool)
            ids = new_ids(missing, pool.ids | attempts.failed_ids)
            fleet, now = context.identity.fleet, context.clock()
            new_slots = [
                new_slot(fleet, plan, slot_id, placement, ssh_keys, now) for slot_id in ids
            ]
        change = plan_growth(pool, new_slots)
        if change.is_empty:
            return pool
        outcome = apply(context, pool, change)
        pool = read_pool(context)
        attempts.record(outcome, change, pool, placement)


def shrink(context: PoolContext, pool: Pool, ending: frozenset[str]) -> Pool:
    """End the slots with these ids and keep the others; return the pool.

    Raises Refusal if one is at work by now, and Ambiguous for what is still there at last.
    """
    last_error = ""
    for _ in range(_TRIES):
        change = plan_shrink(pool, ending)
        if change.is_empty:
            return pool
        outcome = apply(context, pool, change)
        if outcome is not None and not outcome.ok:
            last_error = error_text(outcome)
        pool = read_pool(context)
    if plan_shrink(pool, ending).is_empty:
        return pool
    left = [slot.id for slot in pool.slots if slot.id in ending]
    raise Ambiguous(
        f"not every slot ended: {', '.join(left) or 'the state differs'}"
        + (f"; {last_error}" if last_error else ""),
        state=f"{len(pool.slots)} slots are there, and bill",
        next_step="run the same again, or `infra-apply gpu status` to see what is there",
    )


def _choose_placement(
    context: PoolContext, plan: PoolPlan, attempts: Attempts, pool: Pool
) -> Placement:
    """Return the first placement there is now. Raises Retry where there is none."""
    sizes = read_sizes(context.client)
    choices = placements(plan.sizes, plan.regions, sizes, refused=attempts.without_room)
    if choices:
        return choices[0]
    answer = f"; DigitalOcean said: {attempts.last_error}" if attempts.last_error else ""
    raise Retry(
        f"no GPU can be had: {why_none(plan.sizes, plan.regions, sizes)}{answer}",
        state=f"{context.pool} has {len(pool.slots)} slots",
        next_step="run the same again later, or add sizes or regions to the profile",
    )


_TRIES: Final = 3
