"""Snapshots of droplets that are to be destroyed: named and priced first, then taken and seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from infra_apply.apply.target import Target
from infra_apply.cost.prices import SNAPSHOT_GIGABYTE
from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.model import LiveDroplet, Snapshot
from infra_apply.digitalocean.read import is_being_snapshotted, read_snapshots
from infra_apply.errors import Ambiguous, Failure, Outage


@dataclass(frozen=True, slots=True)
class LastSnapshot:
    """The snapshot that is taken of a host's droplet before that is destroyed.

    `taken` is one that an earlier run took within the last hour and did not get beyond: it is not
    taken again.
    """

    host: str
    droplet: LiveDroplet
    name: str
    taken: Snapshot | None = None


def plan_snapshot(client: Client, host: str, droplet: LiveDroplet, now: datetime) -> LastSnapshot:
    """Name the snapshot of a host's droplet, or find the one that is there. Raises Outage."""
    prefix = f"{host}-retired-"
    for snapshot in read_snapshots(client, droplet.id):
        age = now.timestamp() - (snapshot.made_at or 0)
        if snapshot.name.startswith(prefix) and age < _FRESH:
            return LastSnapshot(host, droplet, snapshot.name, snapshot)
    return LastSnapshot(host, droplet, f"{prefix}{now.astimezone(UTC):%Y%m%d-%H%M}")


def snapshot_text(snapshot: LastSnapshot) -> str:
    """Say how a snapshot is called and what it costs; before it is taken that is a bound."""
    source = f"${SNAPSHOT_GIGABYTE} per GB, DigitalOcean's price of snapshots"
    if snapshot.taken is not None:
        gigabytes = snapshot.taken.gigabytes
        return (
            f"its snapshot {snapshot.name} is there, {gigabytes:g} GB:"
            f" {_monthly(gigabytes)} a month ({source})"
        )
    disk = snapshot.droplet.disk
    return (
        f"a snapshot of it is taken first, {snapshot.name}: at most {_monthly(disk)} a month"
        f" ({source}, if its disk of {disk} GB is full)"
    )


def take_snapshots(target: Target, snapshots: Sequence[LastSnapshot]) -> None:
    """Take the snapshots that are not there yet, and wait until DigitalOcean lists every one.

    Raises Outage where one fails, or is not confirmed within two hours.
    """
    missing = [snapshot for snapshot in snapshots if snapshot.taken is None]
    for snapshot in missing:
        try:
            _ask_for(target, snapshot)
        except Failure as failure:
            raise _not_confirmed(target, snapshot, failure.message) from None
    for snapshot in missing:
        target.status_line.show(f"waiting for snapshot {snapshot.name}")
        try:
            taken = _wait_for(target, snapshot)
        except Failure as failure:
            raise _not_confirmed(target, snapshot, failure.message) from None
        finally:
            target.status_line.end()
        if taken is None:
            raise _not_confirmed(target, snapshot, "DigitalOcean does not list it")
        target.status_line.say(
            f"snapshot {taken.name} is there: {taken.gigabytes:g} GB,"
            f" {_monthly(taken.gigabytes)} a month"
        )


def _ask_for(target: Target, snapshot: LastSnapshot) -> None:
    """Ask for a snapshot. Where the answer is lost, whether it is made shows in the lists."""
    target.status_line.say(f"{snapshot.host}: snapshot {snapshot.name} is being taken")
    path = f"/v2/droplets/{snapshot.droplet.id}/actions"
    try:
        target.client.post(path, {"type": "snapshot", "name": snapshot.name})
    except Ambiguous as lost:
        target.status_line.say(f"the answer was lost, looking for it: {lost.message}")


def _wait_for(target: Target, snapshot: LastSnapshot) -> Snapshot | None:
    """Wait until a snapshot is listed; None if it is not a minute after none is being taken."""
    number = snapshot.droplet.id
    last_sign = started = target.clock()
    while target.clock() - last_sign < _QUIET and target.clock() - started < _PATIENCE:
        for listed in read_snapshots(target.client, number):
            if listed.name == snapshot.name:
                return listed
        if is_being_snapshotted(target.client, number):
            last_sign = target.clock()
        target.status_line.tick()
        target.pause(_BETWEEN_LOOKS)
    return None


def _not_confirmed(target: Target, snapshot: LastSnapshot, reason: str) -> Outage:
    return Outage(
        f"no snapshot of {snapshot.host} (droplet {snapshot.droplet.id}): {reason}",
        state="its protection is lifted, and nothing was destroyed",
        next_step=f"run it again: {target.command}; without a snapshot: --no-snapshot",
    )


def _monthly(gigabytes: float) -> str:
    return f"${gigabytes * SNAPSHOT_GIGABYTE:.2f}"


# Seconds: how old a snapshot may be that a run found, between two looks, without a sign of one
# being taken, and altogether.
_FRESH: Final = 3600.0
_BETWEEN_LOOKS: Final = 5.0
_QUIET: Final = 60.0
_PATIENCE: Final = 7200.0
