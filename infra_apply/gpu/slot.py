"""A slot: a GPU droplet of a pool, and what its tags say of it. See recognition for which are."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from infra_apply import naming
from infra_apply.digitalocean.model import LiveDroplet

Phase = Literal["booting", "starting", "busy", "idle", "overdue"]

LEASE_LASTS: Final = 15 * 60
"""Seconds. A busy worker's lease is renewed every 5 minutes: three in a row were missed."""

BILLED_AT_LEAST: Final = 60.0
"""Seconds that every droplet is billed for (DigitalOcean, from 2026)."""

BOOT_GRACE: Final = 30 * 60
"""Seconds in which a new slot boots, loads its model and takes its first lease."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A live slot. `pool` is the name of its instance, `transcribe` or `transcribe-dev`.

    Times are in seconds since 1970.
    """

    pool: str
    id: str
    droplet: LiveDroplet
    environment: str

    @property
    def deadline(self) -> int | None:
        """When it ends at the latest: the earliest time that a tag says.

        None without a tag that says one. A tag that says no time takes nothing away.
        """
        deadlines = _times(self.droplet.tags, naming.deadline_of_tag)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    @property
    def lease(self) -> int | None:
        """The latest time that a lease's tag says, None without one. See `lease_at`."""
        return max(self._leases(), default=None)

    @property
    def has_unreadable_lease(self) -> bool:
        """Whether a lease's tag says no time at all."""
        return None in _times(self.droplet.tags, naming.lease_of_tag)

    def belongs_to(self, pool: str, environment: str) -> bool:
        """Say whether it is a slot of this pool; DigitalOcean's tags are the same in any case."""
        return (self.pool.lower(), self.environment) == (pool.lower(), environment)

    def lease_at(self, now: float) -> int | None:
        """When its worker was last known to be busy, None if never.

        A lease counts from `LEASE_LASTS` before the time that it says, since a worker's clock may
        be that much ahead, and for `LEASE_LASTS` after it. When a tag was written nobody can ask;
        so one that says a later time counts for nothing yet, or it would keep its slot until then.
        """
        return max((lease for lease in self._leases() if lease - now < LEASE_LASTS), default=None)

    def is_busy(self, now: float) -> bool:
        """Say whether its lease is fresh."""
        lease = self.lease_at(now)
        return lease is not None and now - lease < LEASE_LASTS

    def age(self, now: float) -> float | None:
        """Seconds since it was made, None where the account does not say."""
        return age_of(self.droplet, now)

    def cost(self, now: float) -> float | None:
        """USD so far, as `cost_of` a droplet."""
        return cost_of(self.droplet, now)

    def phase(self, now: float) -> Phase:
        """Say in a word how it is; a slot that was never busy is starting while it is young."""
        age = self.age(now)
        if self.deadline is not None and now >= self.deadline:
            return "overdue"
        if self.is_busy(now):
            return "busy"
        if self.droplet.status == "new":
            return "booting"
        young = age is not None and age < BOOT_GRACE
        return "starting" if young and self.lease is None else "idle"

    def _leases(self) -> list[int]:
        leases = _times(self.droplet.tags, naming.lease_of_tag)
        return [lease for lease in leases if lease is not None]


def age_of(droplet: LiveDroplet, now: float) -> float | None:
    """Seconds since a droplet was made, None where the account does not say."""
    return None if droplet.made_at is None else max(0.0, now - droplet.made_at)


def cost_of(droplet: LiveDroplet, now: float) -> float | None:
    """USD that a droplet has cost, None where its age or its price is not known.

    Billing is per second, and 60 s at least (DigitalOcean, from 2026).
    """
    age = age_of(droplet, now)
    if age is None or droplet.hourly is None:
        return None
    return max(age, BILLED_AT_LEAST) / 3600 * droplet.hourly


def new_ids(
    count: int, taken: Collection[str], pick: Callable[[Sequence[str]], str] = secrets.choice
) -> tuple[str, ...]:
    """Make up ids: 6 characters of base32, in small letters as droplets are named."""
    ids: list[str] = []
    while len(ids) < count:
        slot_id = "".join(pick(_BASE32) for _ in range(6))
        if slot_id not in taken and slot_id not in ids:
            ids.append(slot_id)
    return tuple(ids)


def tag_seconds(text: str) -> int | None:
    """Read the time in a tag: plain digits alone; None for 1e9, 0x5 or a date."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _times(tags: Iterable[str], of_tag: Callable[[str], str | None]) -> list[int | None]:
    """Return what each tag of one kind says: seconds since 1970, None where it is no number."""
    return [tag_seconds(text) for tag in tags if (text := of_tag(tag)) is not None]


_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS: Final = 12
