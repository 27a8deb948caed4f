"""A slot: a GPU droplet that carries a slot's tag, and what its tags say of it."""

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

BOOT_GRACE: Final = 30 * 60
"""Seconds in which a new slot boots, loads its model and takes its first lease."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A live slot. `pool` is the name of its instance, `transcribe` or `transcribe-dev`."""

    pool: str
    id: str
    droplet: LiveDroplet

    @property
    def owner(self) -> str | None:
        """The tag of the stack it was made for; None if somebody took the tag away."""
        return next((tag for tag in self.droplet.tags if naming.is_owner_tag(tag)), None)

    @property
    def deadline(self) -> int | None:
        """When it ends at the latest; None without one tag that says so in plain numbers.

        Of several the earliest counts.
        """
        said = _said(self.droplet.tags, naming.deadline_of_tag)
        times = [_seconds(one) for one in said]
        known = [one for one in times if one is not None]
        return min(known) if known and len(known) == len(times) else None

    @property
    def lease(self) -> int | None:
        """When its worker was last known to be busy, None if never."""
        times = map(_seconds, _said(self.droplet.tags, naming.lease_of_tag))
        return max((one for one in times if one is not None), default=None)

    @property
    def odd_lease(self) -> bool:
        """Whether a lease's tag says no time at all."""
        return None in map(_seconds, _said(self.droplet.tags, naming.lease_of_tag))

    def busy(self, now: float) -> bool:
        """Say whether its lease is fresh."""
        return self.lease is not None and now - self.lease < LEASE_LASTS

    def age(self, now: float) -> float | None:
        """Seconds since it was made, None where the account does not say."""
        return None if self.droplet.made_at is None else max(0.0, now - self.droplet.made_at)

    def spent(self, now: float) -> float | None:
        """USD so far: billing is per second, and 60 s at least (DigitalOcean, from 2026)."""
        age = self.age(now)
        if age is None or self.droplet.hourly is None:
            return None
        return max(age, 60.0) / 3600 * self.droplet.hourly

    def phase(self, now: float) -> Phase:
        """Say in a word how it is; a slot that was never busy is starting while it is young."""
        age = self.age(now)
        if self.deadline is not None and now >= self.deadline:
            return "overdue"
        if self.busy(now):
            return "busy"
        if self.droplet.status == "new":
            return "booting"
        young = age is not None and age < BOOT_GRACE
        return "starting" if young and self.lease is None else "idle"


def slots_of(droplets: Iterable[LiveDroplet]) -> tuple[Slot, ...]:
    """Pick the slots out of GPU droplets, sorted by pool, id and droplet."""
    found = [
        Slot(*named, droplet)
        for droplet in droplets
        if (named := next(filter(None, map(naming.slot_of_tag, droplet.tags)), None))
    ]
    return tuple(sorted(found, key=lambda one: (one.pool, one.id, one.droplet.id)))


def fresh_ids(
    count: int, taken: Collection[str], pick: Callable[[Sequence[str]], str] = secrets.choice
) -> tuple[str, ...]:
    """Make up ids: 6 characters of base32, in small letters as droplets are named."""
    made: list[str] = []
    while len(made) < count:
        one = "".join(pick(_BASE32) for _ in range(6))
        if one not in taken and one not in made:
            made.append(one)
    return tuple(made)


def _said(tags: Iterable[str], of: Callable[[str], str | None]) -> list[str]:
    return [said for tag in tags if (said := of(tag)) is not None]


def _seconds(said: str) -> int | None:
    """Read seconds since 1970, in plain digits; 1e9, 0x5 or a date are none."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _DIGITS else None


_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS: Final = 12
