"""Which GPU droplets are slots of one fleet, and which only look like it: pure.

Tags can be written by everybody with tag rights on the account, and several fleets may share one.
So nothing is taken from a tag: a droplet's name says which slot it would be, and it is one if it
carries exactly the tags of that slot and of a stack of the fleet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from infra_apply import naming
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.slot import Slot
from infra_apply.terminal.safe_text import printable


@dataclass(frozen=True, slots=True)
class Suspect:
    """A droplet that looks like a slot of the fleet and is not taken for one; why, in words."""

    droplet: LiveDroplet
    why: str

    def __str__(self) -> str:
        return f"droplet {self.droplet.id} ({printable(self.droplet.name)}): {self.why}"


def slots_of(droplets: Iterable[LiveDroplet], fleet: str) -> tuple[Slot, ...]:
    """Pick a fleet's slots out of GPU droplets, sorted by pool, id and droplet.

    Name, slot's tag and owner's tag must agree. A slot that was made before slots' tags had the
    fleet is known by its owner's tag.
    """
    recognised = (_recognise(droplet, fleet) for droplet in droplets)
    slots = [slot for slot in recognised if isinstance(slot, Slot)]
    return tuple(sorted(slots, key=lambda slot: (slot.pool, slot.id, slot.droplet.id)))


def suspects_of(droplets: Iterable[LiveDroplet], fleet: str) -> tuple[Suspect, ...]:
    """Pick out what somebody should look at, sorted by droplet: no command here touches it."""
    recognised = (_recognise(droplet, fleet) for droplet in droplets)
    suspects = [suspect for suspect in recognised if isinstance(suspect, Suspect)]
    return tuple(sorted(suspects, key=lambda suspect: suspect.droplet.id))


def fleets_with_slots(droplets: Iterable[LiveDroplet]) -> tuple[str, ...]:
    """Return the fleets that owners' tags beside slots' tags name, sorted; it need not be true.

    Each is written as in a tag, in small letters.
    """
    tags = [droplet.tags for droplet in droplets if any(map(naming.is_slot_tag, droplet.tags))]
    return tuple(sorted({printable(owner) for owners in map(_owners, tags) for owner in owners}))


def _recognise(droplet: LiveDroplet, fleet: str) -> Slot | Suspect | None:
    tags = frozenset(tag.lower() for tag in droplet.tags)  # the same to DigitalOcean in any case
    named = naming.slot_of_droplet(droplet.name)
    if not _concerns(tags, fleet, is_named=named is not None):
        return None
    if named is None:
        return Suspect(droplet, "its name is not a slot's")
    if doubt := _doubt(tags, fleet, *named):
        return Suspect(droplet, doubt)
    environment = _environment(tags, fleet, named[0])
    if environment is None:
        return Suspect(droplet, "its owner's tag is not of its pool's environment")
    return Slot(*named, droplet, environment)


def _concerns(tags: frozenset[str], fleet: str, *, is_named: bool) -> bool:
    """Say whether the fleet should know of a droplet: it, or nobody, is named as its owner."""
    slot_tags = [tag for tag in tags if naming.is_slot_tag(tag)]
    owners = _owners(tags)
    if _in_tag(fleet) in owners:
        return bool(slot_tags) or (is_named and not any(map(naming.is_host_tag, tags)))
    of_fleet = naming.slot_tags_of_fleet(fleet).lower()
    return any(
        tag.startswith(of_fleet) or not (owners or naming.names_fleet(tag)) for tag in slot_tags
    )


def _doubt(tags: frozenset[str], fleet: str, pool: str, slot_id: str) -> str:
    """Say what keeps a droplet with a slot's name from being that slot; empty if nothing does."""
    former = naming.former_slot_tag(pool, slot_id).lower()
    if not any(map(naming.is_slot_tag, tags)):
        return "its slot's tag is gone"
    if not tags & {naming.slot_tag(fleet, pool, slot_id).lower(), former}:
        return "no slot's tag agrees with its name"
    if _in_tag(fleet) not in _owners(tags):
        return f"no owner's tag says that it is of the fleet {fleet}"
    if any(map(naming.is_host_tag, tags)):
        return "it has a host's tag"
    kind, _, pool_and_slot = former.partition(":")
    for other in sorted(_owners(tags) - {_in_tag(fleet)}):
        if tags & {former, f"{kind}:{other}:{pool_and_slot}"}:
            return f"its tags say that it is of the fleet {other}, too"
    return ""


def _environment(tags: frozenset[str], fleet: str, pool: str) -> str | None:
    """Return the environment of an owner's tag that a pool of this name can have."""
    for environment in _ENVIRONMENTS:
        can_have = environment == "prod" or pool.lower().endswith(f"-{environment}")
        if can_have and naming.owner_tag(fleet, environment).lower() in tags:
            return environment
    return None


def _owners(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(owner for tag in tags if (owner := naming.owning_fleet(tag)))


def _in_tag(fleet: str) -> str:
    return naming.tag_text(fleet).lower()


# A project may be called `train-dev`, so that prod comes last.
_ENVIRONMENTS: Final = ("dev", "prod")
