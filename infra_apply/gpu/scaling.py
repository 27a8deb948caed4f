"""Make a pool as large as is wanted: look, decide, act, and look again until it is so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.engine.run import Outcome
from infra_apply.errors import Ambiguous, Failure, Refusal, Retry
from infra_apply.gpu.attempts import Attempts, engine_failed, errors
from infra_apply.gpu.catalogue import read_offers
from infra_apply.gpu.change import Change, grown, refuse_busy, shrunk
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.placement import Place, places, why_none
from infra_apply.gpu.pool import Pool, survey
from infra_apply.gpu.recipe import Recipe, SlotPlan
from infra_apply.gpu.stack import Backend
from infra_apply.terminal import StatusLine

Render = Callable[[Sequence[SlotPlan]], None]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a pool is: its instance's name, its owner's tag, its stack, and the account.

    `clock` gives seconds since 1970; with `force` a slot at work ends like any other. Without an
    owner, which a broken stack file cannot tell, any stack's slots of that name count.
    """

    pool: str
    owner: str | None
    stack: str
    backend: Backend
    client: Client
    destroyer: Destroyer
    render: Render
    status_line: StatusLine
    clock: Callable[[], float]
    force: bool = False


def look(site: Site) -> Pool:
    """Look at the state and the account; what a killed run left in the state is cleared first.

    Raises Outage, and Retry where the state has a droplet that the account's list lacks although
    it is there.
    """
    found = _seen(site)
    if not (found.remembered.unfinished or found.gone):
        return found
    # A pending create is taken out before anything else, or it would stay there for ever; a
    # droplet that is gone is forgotten, since deleting it would fail.
    outcome = site.backend.act(
        "refresh", site.stack, clear_pending_creates=True, status_line=site.status_line
    )
    if not outcome.ok:
        raise engine_failed(outcome, "the pool's state cannot be brought up to date")
    found = _seen(site)
    if found.gone:
        raise Retry(
            f"DigitalOcean's list of GPU droplets lacks what the state of {site.stack} has: "
            + ", ".join(f"{one} (droplet {found.remembered.slots[one]})" for one in found.gone),
            state="no slot was changed",
            next_step="run the same again in a minute",
        )
    return found


def grow(site: Site, first: Pool, count: int, recipe: Recipe) -> Pool:
    """Make slots until there are `count`. Every attempt has an id of its own.

    Where DigitalOcean has no room (422, or a droplet that vanished after its 202), the next place
    is tried. Raises Retry when there is none left, Outage for what another place cannot mend.
    """
    attempts, pool = Attempts(), first
    while True:
        missing = count - len(pool.slots)
        late = [one.id for one in pool.slots if one.id in attempts.ids]
        if missing < 0 and late:  # an attempt that was given up came to life after all
            return shrink(site, pool, frozenset(late[:-missing]))
        place = _place(site, recipe, attempts, pool) if missing > 0 else None
        change = grown(
            pool, max(0, missing), _maker(recipe, place, site.clock()), taken=attempts.ids
        )
        if change.empty:
            return pool
        outcome = _act(site, pool, change)
        pool = look(site)
        attempts.learn(outcome, change, pool, place)


def shrink(site: Site, first: Pool, victims: frozenset[str]) -> Pool:
    """End these slots and keep the others.

    Raises Refusal if one is at work by now, and Ambiguous for what is still there at last.
    """
    pool, said = first, ""
    for _ in range(_TRIES):
        change = shrunk(pool, victims)
        if change.empty:
            return pool
        outcome = _act(site, pool, change)
        said = said if outcome is None or outcome.ok else errors(outcome)
        pool = look(site)
    if shrunk(pool, victims).empty:
        return pool
    left = [one for one in pool.slots if one.id in victims]
    raise Ambiguous(
        f"not every slot ended: {', '.join(one.id for one in left) or 'the state differs'}"
        + (f"; {said}" if said else ""),
        state=f"{len(pool.slots)} slots are there, and bill",
        next_step="run the same again, or `infra-apply gpu status` to see what is there",
    )


def _seen(site: Site) -> Pool:
    remembered = site.backend.remembered(site.stack)
    return survey(site.pool, site.owner, read_gpu_droplets(site.client), remembered)


def _act(site: Site, seen: Pool, change: Change) -> Outcome | None:
    """Change the state's slots through the engine, and end through the API what it knows not."""
    outcome = None
    if not site.force:
        refuse_busy(change.remove, site.clock())
    if change.by_engine:
        outcome = site.backend.act(
            "up", site.stack, program=_program(site, seen, change), status_line=site.status_line
        )
    if outcome is None or outcome.ok:
        for slot in change.by_hand:
            site.status_line.show(
                f"{site.pool}: destroying slot {slot.id}, droplet {slot.droplet.id}"
            )
            site.destroyer.destroy(slot.droplet.id)
        site.status_line.end()
    return outcome


def _program(site: Site, seen: Pool, change: Change) -> Callable[[], None]:
    """Give the program of one run; it holds the stack's lock when it really acts.

    What was decided must still be true then: else another run came between, and its slots, which
    this program does not name, would be deleted.
    """

    def program() -> None:
        if not pulumi.runtime.is_dry_run():
            try:
                _look_again(site, seen, change)
            except Failure as failure:
                raise pulumi.RunError(str(failure)) from None
        site.render(change.slots())

    return program


def _look_again(site: Site, seen: Pool, change: Change) -> None:
    """Raise Refusal unless the pool is as it was seen, and what is to end is still idle."""
    gpus = read_gpu_droplets(site.client)
    found = survey(site.pool, site.owner, gpus, seen.remembered)
    if found.droplets != seen.droplets:
        raise Refusal(CAME_BETWEEN)
    ending = {one.droplet.id for one in change.remove}
    if not site.force:
        now = [one for one in (*found.slots, *found.extras) if one.droplet.id in ending]
        refuse_busy(now, site.clock())


def _place(site: Site, recipe: Recipe, attempts: Attempts, pool: Pool) -> Place:
    """Choose the first place there is now. Raises Retry where there is none."""
    offers = read_offers(site.client)
    may = places(recipe.sizes, recipe.regions, offers, refused=attempts.full)
    if may:
        return may[0]
    said = f"; DigitalOcean said: {attempts.said}" if attempts.said else ""
    raise Retry(
        f"no GPU can be had: {why_none(recipe.sizes, recipe.regions, offers)}{said}",
        state=f"{site.pool} has {len(pool.slots)} slots",
        next_step="run the same again later, or add sizes or regions to the profile",
    )


def _maker(recipe: Recipe, place: Place | None, now: float) -> Callable[[str], SlotPlan]:
    def new(slot: str) -> SlotPlan:
        if place is None:
            raise ValueError("a slot without a place")
        return recipe.slot(slot, place, now)

    return new


CAME_BETWEEN: Final = (
    "another run changed this pool in the meantime; nothing was changed here, run the same again"
)
_TRIES: Final = 3
