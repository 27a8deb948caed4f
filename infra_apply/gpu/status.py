"""The slots of an environment as people and programs read them: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra_apply.gpu.pool import Pool
from infra_apply.gpu.slot import Slot
from infra_apply.terminal import duration, plural, table


@dataclass(frozen=True, slots=True)
class Status:
    """The pools of one environment by name; `state_read` is False where only the account was."""

    stack: str
    pools: Mapping[str, Pool]
    state_read: bool = True


def text(status: Status, now: float) -> Iterator[str]:
    """Yield the lines: a table of slots, what they cost, and what differs."""
    rows = [_row(slot, now) for pool in _sorted(status) for slot in _all(pool)]
    if not rows:
        yield "no slot is there, and nothing bills"
    else:
        yield from table([_HEAD, *rows])
        yield ""
        yield _bill([slot for pool in _sorted(status) for slot in _all(pool)], now)
    if found := list(differences(status)):
        yield ""
        yield f"differences ({len(found)})"
        yield from (f"  {one}" for one in found)


def as_json(status: Status, now: float) -> dict[str, Any]:
    """Return `{"version": 1, "stack", "slots", "differences"}`; times in seconds since 1970.

    `in_state` is null where the state was not read.
    """
    return {
        "version": 1,
        "stack": status.stack,
        "slots": [
            _entry(slot, pool, now, known=status.state_read)
            for pool in _sorted(status)
            for slot in _all(pool)
        ],
        "differences": list(differences(status)),
    }


def differences(status: Status) -> Iterator[str]:
    """Say what DigitalOcean's list and the state do not agree on, and what a tag does not say."""
    for name, pool in sorted(status.pools.items()):
        if status.state_read:
            for slot in pool.orphans:
                yield (
                    f"{name}: slot {slot.id} (droplet {slot.droplet.id}) is in no state; "
                    "`gpu scale` takes it in or ends it"
                )
        for slot in pool.extras:
            yield (
                f"{name}: droplet {slot.droplet.id} is a second one of slot {slot.id}; "
                "`gpu scale` ends it"
            )
        for gone in pool.gone:
            droplet = pool.remembered.slots[gone]
            yield (
                f"{name}: the state has slot {gone} (droplet {droplet}), and DigitalOcean has not"
            )
        if pool.remembered.unfinished:
            yield f"{name}: a run is making slots, or was cut short; `gpu scale` clears that up"
        for slot in _all(pool):
            if slot.deadline is None:
                yield (
                    f"{name}: slot {slot.id} (droplet {slot.droplet.id}) has no deadline that can "
                    "be read, so `gpu reap` leaves it alone"
                )


def age_words(slot: Slot, now: float) -> str:
    """Write how old a slot is: `3 h 05 min`, or `unknown`."""
    age = slot.age(now)
    return "unknown" if age is None else duration(age)


def when(seconds: float | None) -> str:
    """Write a time, in UTC: `2026-11-23 03:14Z`."""
    if seconds is None:
        return "unknown"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
    except (OverflowError, ValueError, OSError):
        return "beyond all years"


def _sorted(status: Status) -> list[Pool]:
    return [pool for _, pool in sorted(status.pools.items())]


def _all(pool: Pool) -> list[Slot]:
    return sorted((*pool.slots, *pool.extras), key=lambda one: (one.id, one.droplet.id))


def _row(slot: Slot, now: float) -> tuple[str, ...]:
    live, spent = slot.droplet, slot.cost(now)
    return (
        slot.pool,
        slot.id,
        slot.phase(now),
        f"{live.size} in {live.region}",
        str(live.id),
        age_words(slot, now),
        "unknown" if spent is None else f"${spent:.2f}",
        when(slot.deadline),
    )


def _bill(slots: Sequence[Slot], now: float) -> str:
    hourly = [slot.droplet.hourly for slot in slots]
    spent = [slot.cost(now) for slot in slots]
    count = plural(len(slots), "slot")
    partly = ", partly unknown" if None in hourly or None in spent else ""
    return (
        f"{count}: ${sum(one for one in hourly if one):.2f} an hour, "
        f"${sum(one for one in spent if one):.2f} so far{partly}"
    )


def _entry(slot: Slot, pool: Pool, now: float, *, known: bool) -> dict[str, Any]:
    live = slot.droplet
    return {
        "pool": slot.pool,
        "slot": slot.id,
        "phase": slot.phase(now),
        "droplet": live.id,
        "name": live.name,
        "status": live.status,
        "size": live.size,
        "region": live.region,
        "addresses": list(live.addresses),
        "made_at": live.made_at,
        "age": slot.age(now),
        "hourly": live.hourly,
        "spent": slot.cost(now),
        "deadline": slot.deadline,
        "lease": slot.lease,
        "in_state": pool.remembered.slots.get(slot.id) == live.id if known else None,
    }


_HEAD = ("pool", "slot", "phase", "size", "droplet", "age", "spent", "deadline")
