"""The slots of an environment as people and programs read them: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra_apply.gpu.heartbeat import Heartbeat, describe_heartbeat
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.recognition import Suspect
from infra_apply.gpu.slot import Slot
from infra_apply.terminal.layout import duration, plural, table


@dataclass(frozen=True, slots=True)
class Status:
    """The pools of one environment by name; `state_read` is False where only the account was.

    `suspects` only look like slots of the fleet, of whatever environment. `reaper` is None where
    nobody asked for its heartbeat.
    """

    stack: str
    pools: Mapping[str, Pool]
    state_read: bool = True
    suspects: tuple[Suspect, ...] = ()
    reaper: Heartbeat | None = None


def text(status: Status, now: float) -> Iterator[str]:
    """Yield the lines: a table of slots, what they cost, and what differs."""
    rows = [_row(slot, now) for pool in _sorted(status) for slot in pool.all_slots]
    if not rows:
        yield "no slot is there, and nothing bills"
    else:
        yield from table([_HEAD, *rows])
        yield ""
        yield _bill([slot for pool in _sorted(status) for slot in pool.all_slots], now)
    if status.reaper is not None:
        yield describe_heartbeat(status.reaper, now)
    if lines := list(differences(status)):
        yield ""
        yield f"differences ({len(lines)})"
        yield from (f"  {line}" for line in lines)


def as_json(status: Status, now: float) -> dict[str, Any]:
    """Return `{"version": 1, "stack", "slots", "reaper", "differences"}`.

    Times are in seconds since 1970. `in_state` is null where the state was not read. `reaper` is
    `{"heartbeat", "age"}`: when it last ran and how many seconds ago, both null where it never did
    or nobody can tell.
    """
    return {
        "version": 1,
        "stack": status.stack,
        "slots": [
            _entry(slot, pool, now, state_read=status.state_read)
            for pool in _sorted(status)
            for slot in pool.all_slots
        ],
        "reaper": {
            "heartbeat": status.reaper.last if status.reaper else None,
            "age": status.reaper.age(now) if status.reaper else None,
        },
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
        for slot_id in pool.gone:
            droplet = pool.remembered.slots[slot_id]
            yield (
                f"{name}: the state has slot {slot_id} (droplet {droplet}), "
                "and DigitalOcean has not"
            )
        if pool.remembered.unfinished:
            yield f"{name}: a run is making slots, or was cut short; `gpu scale` clears that up"
        for slot in pool.all_slots:
            if slot.deadline is None:
                yield (
                    f"{name}: slot {slot.id} (droplet {slot.droplet.id}) has no deadline that can "
                    "be read, so `gpu reap` leaves it alone until its pool's hours are over"
                )
    for suspect in status.suspects:
        yield f"{suspect}; so it is not taken for a slot, and `gpu reap` reports it"


def age_text(slot: Slot, now: float) -> str:
    """Write how old a slot is: `3 h 05 min`, or `unknown`."""
    age = slot.age(now)
    return "unknown" if age is None else duration(age)


def time_text(seconds: float | None) -> str:
    """Write a time, in UTC: `2026-11-23 03:14Z`."""
    if seconds is None:
        return "unknown"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
    except (OverflowError, ValueError, OSError):
        return "beyond all years"


def _sorted(status: Status) -> list[Pool]:
    return [pool for _, pool in sorted(status.pools.items())]


def _row(slot: Slot, now: float) -> tuple[str, ...]:
    droplet, cost = slot.droplet, slot.cost(now)
    return (
        slot.pool,
        slot.id,
        slot.phase(now),
        f"{droplet.size} in {droplet.region}",
        str(droplet.id),
        age_text(slot, now),
        "unknown" if cost is None else f"${cost:.2f}",
        time_text(slot.deadline),
    )


def _bill(slots: Sequence[Slot], now: float) -> str:
    hourly = [slot.droplet.hourly for slot in slots]
    costs = [slot.cost(now) for slot in slots]
    count = plural(len(slots), "slot")
    partly = ", partly unknown" if None in hourly or None in costs else ""
    return (
        f"{count}: ${sum(price for price in hourly if price):.2f} an hour, "
        f"${sum(cost for cost in costs if cost):.2f} so far{partly}"
    )


def _entry(slot: Slot, pool: Pool, now: float, *, state_read: bool) -> dict[str, Any]:
    droplet = slot.droplet
    return {
        "pool": slot.pool,
        "slot": slot.id,
        "phase": slot.phase(now),
        "droplet": droplet.id,
        "name": droplet.name,
        "status": droplet.status,
        "size": droplet.size,
        "region": droplet.region,
        "addresses": list(droplet.addresses),
        "made_at": droplet.made_at,
        "age": slot.age(now),
        "hourly": droplet.hourly,
        "spent": slot.cost(now),
        "deadline": slot.deadline,
        "lease": slot.lease,
        "in_state": pool.remembered.slots.get(slot.id) == droplet.id if state_read else None,
    }


_HEAD = ("pool", "slot", "phase", "size", "droplet", "age", "spent", "deadline")
