"""The smallest change that leaves a pool with as many slots as are wanted: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from infra_apply.gpu.pool import Pool
from infra_apply.gpu.slot import Slot
from infra_apply.gpu.slot_spec import SlotSpec, existing_slot


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done: `keep` stays as it is, and every other slot is named.

    Slots in `adopt` are kept, too, and taken into the state. `remembered` is what the state has:
    slot id -> droplet id.
    """

    keep: tuple[Slot, ...] = ()
    create: tuple[SlotSpec, ...] = ()
    remove: tuple[Slot, ...] = ()
    adopt: tuple[Slot, ...] = ()
    remembered: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.create or self.remove or self.adopt)

    @property
    def needs_engine(self) -> bool:
        """Whether the stack's state has to change."""
        return bool(self.create or self.adopt) or any(map(self._is_remembered, self.remove))

    @property
    def remove_by_api(self) -> tuple[Slot, ...]:
        """What is destroyed through the API, since no state knows of it."""
        return tuple(slot for slot in self.remove if not self._is_remembered(slot))

    def slots(self) -> tuple[SlotSpec, ...]:
        """Return all that the stack should hold; what is not in it ends."""
        adopted = {slot.id for slot in self.adopt}
        kept = (existing_slot(slot, adopt=slot.id in adopted) for slot in self.keep)
        return tuple(sorted((*kept, *self.create), key=lambda spec: spec.id))

    def _is_remembered(self, slot: Slot) -> bool:
        return self.remembered.get(slot.id) == slot.droplet.id


def plan_growth(pool: Pool, new_slots: Collection[SlotSpec]) -> Change:
    """Add these slots, and keep those there are; what a killed run left is adopted as well."""
    return Change(
        keep=pool.slots,
        create=tuple(new_slots),
        remove=pool.extras,
        adopt=pool.orphans,
        remembered=pool.remembered.slots,
    )


def plan_shrink(pool: Pool, ending: Collection[str]) -> Change:
    """Take the slots with these ids away, and keep the rest."""
    return Change(
        keep=tuple(slot for slot in pool.slots if slot.id not in ending),
        remove=(*(slot for slot in pool.slots if slot.id in ending), *pool.extras),
        adopt=tuple(slot for slot in pool.orphans if slot.id not in ending),
        remembered=pool.remembered.slots,
    )
