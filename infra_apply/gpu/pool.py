"""One pool's slots: what DigitalOcean has of it beside what its stack remembers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from infra_apply.digitalocean.live import LiveDroplet
from infra_apply.gpu.slot import Slot, slots_of


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a pool's stack remembers: slot id -> droplet id, and whether a create was cut short.

    `exists` is False where there is no such stack, or it never held anything.
    """

    slots: Mapping[str, int] = field(default_factory=dict)
    unfinished: bool = False
    exists: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool as DigitalOcean has it, beside what its stack remembers.

    `slots` has one droplet a slot id; `extras` are further droplets of those ids, as an answer
    that was lost leaves them; `gone` are remembered slots without a droplet in the account's list.
    """

    slots: tuple[Slot, ...]
    remembered: Remembered
    extras: tuple[Slot, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def orphans(self) -> tuple[Slot, ...]:
        """Slots that the stack knows nothing of, as a killed run leaves them."""
        return tuple(one for one in self.slots if one.id not in self.remembered.slots)

    @property
    def droplets(self) -> frozenset[int]:
        """The ids of every droplet it has."""
        return frozenset(one.droplet.id for one in (*self.slots, *self.extras))


def survey(
    pool: str, owner: str | None, gpu_droplets: Iterable[LiveDroplet], remembered: Remembered
) -> Pool:
    """Find a pool's slots: by their tag, or by the droplet's id where the tag was taken away.

    A droplet that another owner's tag claims is none of ours; without an `owner` all are.
    """
    droplets = tuple(gpu_droplets)
    by_id = {one.id: one for one in droplets}
    # What the state has goes by the state's name, whatever became of its tags: under another
    # name, the engine would end the droplet that it had just taken in.
    named = {droplet: slot for slot, droplet in remembered.slots.items()}
    mine = [Slot(pool, slot, by_id[droplet]) for droplet, slot in named.items() if droplet in by_id]
    mine += [
        one
        for one in slots_of(droplets)
        if one.droplet.id not in named and one.belongs_to(pool) and _may_be(owner, one.owner)
    ]
    groups: dict[str, list[Slot]] = {}
    for one in mine:
        groups.setdefault(one.id, []).append(one)
    ordered = [_keeper_first(groups[slot], remembered.slots.get(slot)) for slot in sorted(groups)]
    return Pool(
        slots=tuple(group[0] for group in ordered),
        remembered=remembered,
        extras=tuple(one for group in ordered for one in group[1:]),
        gone=tuple(
            sorted(slot for slot, droplet in remembered.slots.items() if droplet not in by_id)
        ),
    )


def _may_be(owner: str | None, says: str | None) -> bool:
    # DigitalOcean's tags are the same whatever their case.
    return owner is None or says is None or owner.lower() == says.lower()


def _keeper_first(group: Sequence[Slot], remembered: int | None) -> list[Slot]:
    """Put the droplet that stays first: the state's, else the one last at work, else the oldest."""
    return sorted(
        group,
        key=lambda one: (
            one.droplet.id != remembered,
            -(one.lease or 0),
            one.droplet.made_at or _NEVER,
            one.droplet.id,
        ),
    )


_NEVER: Final = float("inf")
