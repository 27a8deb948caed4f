"""One pool's slots: what DigitalOcean has of it beside what its stack remembers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.recognition import Suspect, slots_of, suspects_of
from infra_apply.gpu.slot import Slot


@dataclass(frozen=True, slots=True)
class PoolIdentity:
    """Which pool is meant: `name` is its instance's, `transcribe` or `transcribe-dev`."""

    fleet: str
    environment: str
    name: str


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
    that was lost leaves them; `gone` are remembered slots without a droplet in the account's list;
    `suspects` only look like slots of the fleet, and are neither counted nor touched.
    """

    slots: tuple[Slot, ...]
    remembered: Remembered
    extras: tuple[Slot, ...] = ()
    gone: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()

    @property
    def orphans(self) -> tuple[Slot, ...]:
        """Slots that the stack knows nothing of, as a killed run leaves them."""
        return tuple(slot for slot in self.slots if slot.id not in self.remembered.slots)

    @property
    def all_slots(self) -> tuple[Slot, ...]:
        """Every droplet it has, extras too, sorted by slot and droplet."""
        slots = (*self.slots, *self.extras)
        return tuple(sorted(slots, key=lambda slot: (slot.id, slot.droplet.id)))

    @property
    def ids(self) -> frozenset[str]:
        """Every slot id in use, in the account or in the state."""
        return frozenset((*self.remembered.slots, *(slot.id for slot in self.slots)))

    @property
    def droplets(self) -> frozenset[int]:
        """The ids of every droplet it has."""
        return frozenset(slot.droplet.id for slot in (*self.slots, *self.extras))


def survey(
    identity: PoolIdentity, gpu_droplets: Iterable[LiveDroplet], remembered: Remembered
) -> Pool:
    """Find a pool's slots: by name and tags, or by the droplet's id that the state has."""
    fleet, environment, pool = identity.fleet, identity.environment, identity.name
    droplets = tuple(gpu_droplets)
    by_id = {droplet.id: droplet for droplet in droplets}
    # What the state has goes by the state's name, whatever became of its tags: under another
    # name, the engine would end the droplet that it had just taken in.
    in_state = {droplet_id: slot_id for slot_id, droplet_id in remembered.slots.items()}
    slots = [
        Slot(pool, slot_id, by_id[droplet_id], environment)
        for droplet_id, slot_id in in_state.items()
        if droplet_id in by_id
    ]
    slots += [
        slot
        for slot in slots_of(droplets, fleet)
        if slot.droplet.id not in in_state and slot.belongs_to(pool, environment)
    ]
    by_slot: dict[str, list[Slot]] = {}
    for slot in slots:
        by_slot.setdefault(slot.id, []).append(slot)
    groups = [
        _keeper_first(by_slot[slot_id], remembered.slots.get(slot_id))
        for slot_id in sorted(by_slot)
    ]
    return Pool(
        slots=tuple(group[0] for group in groups),
        remembered=remembered,
        extras=tuple(slot for group in groups for slot in group[1:]),
        gone=tuple(
            sorted(
                slot_id
                for slot_id, droplet_id in remembered.slots.items()
                if droplet_id not in by_id
            )
        ),
        suspects=tuple(
            suspect
            for suspect in suspects_of(droplets, fleet)
            if suspect.droplet.id not in in_state
        ),
    )


def _keeper_first(group: Sequence[Slot], remembered: int | None) -> list[Slot]:
    """Put the droplet that stays first: the state's, else the one last at work, else the oldest."""
    return sorted(
        group,
        key=lambda slot: (
            slot.droplet.id != remembered,
            -(slot.lease or 0),
            slot.droplet.made_at or _NEVER,
            slot.droplet.id,
        ),
    )


_NEVER: Final = float("inf")
