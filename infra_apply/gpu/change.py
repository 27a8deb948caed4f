"""The smallest change that leaves a pool with as many slots as are wanted: pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from infra_apply import naming
from infra_apply.digitalocean.live import LiveDroplet
from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.placement import base_image
from infra_apply.gpu.pool import Pool, Remembered, survey
from infra_apply.gpu.recipe import SlotPlan
from infra_apply.gpu.slot import Slot, new_ids


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done: `keep` stays as it is, and every other slot is named."""

    keep: tuple[Slot, ...] = ()
    create: tuple[SlotPlan, ...] = ()
    remove: tuple[Slot, ...] = ()
    adopt: tuple[Slot, ...] = ()
    remembered: Mapping[str, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.create or self.remove or self.adopt)

    @property
    def by_engine(self) -> bool:
        """Whether the stack's state has to change."""
        return bool(self.create or self.adopt) or any(map(self._is_remembered, self.remove))

    @property
    def by_hand(self) -> tuple[Slot, ...]:
        """What is destroyed through the API, since no state knows of it."""
        return tuple(one for one in self.remove if not self._is_remembered(one))

    def _is_remembered(self, slot: Slot) -> bool:
        return self.remembered.get(slot.id) == slot.droplet.id

    def slots(self) -> tuple[SlotPlan, ...]:
        """Return all that the stack should hold; what is not in it ends."""
        adopted = {one.id for one in self.adopt}
        there = (kept(one, adopt=one.id in adopted) for one in self.keep)
        return tuple(sorted((*there, *self.create), key=lambda one: one.id))


def grown(
    pool: Pool, missing: int, new: Callable[[str], SlotPlan], *, taken: Collection[str] = ()
) -> Change:
    """Add slots, each made by `new` of its id; what a killed run left is adopted as well.

    `taken` are ids of attempts that failed: none is ever used twice.
    """
    held = {*taken, *pool.remembered.slots, *(one.id for one in pool.slots)}
    return Change(
        keep=pool.slots,
        create=tuple(new(one) for one in new_ids(missing, held)),
        remove=pool.extras,
        adopt=pool.orphans,
        remembered=pool.remembered.slots,
    )


def shrunk(pool: Pool, victims: Collection[str]) -> Change:
    """Take these slots away, and keep the rest."""
    keep = tuple(one for one in pool.slots if one.id not in victims)
    ending = tuple(one for one in pool.slots if one.id in victims)
    return Change(
        keep=keep,
        remove=(*ending, *pool.extras),
        adopt=tuple(one for one in pool.orphans if one.id not in victims),
        remembered=pool.remembered.slots,
    )


def victims(
    pool: Pool, count: int, named: Sequence[str], now: float, *, force: bool
) -> frozenset[str]:
    """Choose which slots end so that `count` stay: the named, then idle ones, then busy ones.

    Among equals the one whose deadline is next goes first. Raises Usage for a named slot that is
    not there, or too many of them; Refusal where a busy one would have to end without `force`.
    """
    ids = [one.id for one in pool.slots]
    if unknown := [one for one in named if one not in ids]:
        there = ", ".join(ids) or "none"
        raise Usage(f"there is no slot {', '.join(unknown)}; there are: {there}")
    surplus = max(0, len(ids) - count)
    chosen = list(dict.fromkeys(named))
    if len(chosen) > surplus:
        raise Usage(
            f"{len(chosen)} slots are named to go, and to keep {count} of {len(ids)} only "
            f"{surplus} may",
            next_step=f"ask for {len(ids) - len(chosen)}, or name fewer",
        )
    rest = sorted(
        (one for one in pool.slots if one.id not in chosen),
        key=lambda one: (one.is_busy(now), one.deadline or 0, one.id),
    )
    chosen += [one.id for one in rest[: surplus - len(chosen)]]
    ending = [one for one in pool.slots if one.id in chosen] + [*pool.extras]
    if not force:
        refuse_busy(ending, now)
    return frozenset(chosen)


def refuse_busy(ending: Iterable[Slot], now: float) -> None:
    """Raise Refusal if any of these slots has a fresh lease."""
    busy = [f"{one.id} (droplet {one.droplet.id})" for one in ending if one.is_busy(now)]
    if busy:
        raise Refusal(
            f"these slots are at work: {', '.join(busy)}",
            state="nothing was changed",
            next_step="wait until they are idle, or end them and what they do with --force",
        )


def as_it_is(
    gpu_droplets: Iterable[LiveDroplet], environment: str, project: str
) -> tuple[tuple[SlotPlan, ...], tuple[str, ...]]:
    """Declare a pool's slots as the account has them, for a look; and what cannot be shown.

    An import of what the state has already is no change. Where two droplets have one id it is not
    known which of them the state has, so that neither is imported.
    """
    pool = survey(naming.instance(project, environment), None, gpu_droplets, Remembered())
    twice = {one.id for one in pool.extras}
    problems = tuple(
        f"slot {one} has more than one droplet; `infra-apply gpu scale` ends the second"
        for one in sorted(twice)
    )
    return tuple(kept(one, adopt=one.id not in twice) for one in pool.slots), problems


def kept(slot: Slot, *, adopt: bool) -> SlotPlan:
    """Declare a slot as it is; with `adopt` its droplet is taken into the state."""
    live = slot.droplet
    return SlotPlan(
        id=slot.id,
        name=live.name,
        region=live.region,
        size=live.size,
        image=base_image(live.size),  # asked for by the SDK, and ignored: see render.slots
        tags=live.tags,
        import_id=live.id if adopt else None,
    )
