"""Letting go of what is retired: a run lifts its protection, and a second one lets go of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from infra_apply.apply import attempts
from infra_apply.apply.attempts import Applied, refuse_unapproved
from infra_apply.apply.letting_go import LettingGo, cluster_of
from infra_apply.apply.pace import Pace
from infra_apply.apply.remembered import read_state
from infra_apply.apply.removals import removals
from infra_apply.apply.snapshots import LastSnapshot, plan_snapshot, take_snapshots
from infra_apply.apply.target import Target
from infra_apply.apply.work import joined
from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.digitalocean.read import (
    read_clusters,
    read_droplets_by_id,
    read_newest_backup,
    read_sizes,
)
from infra_apply.engine.run import Outcome
from infra_apply.errors import Failure
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.removal import find_retired, is_held
from infra_apply.reconcile.state import DATABASE, DROPLET, HOST


def find_letting_go(target: Target, *, with_snapshots: bool, now: datetime) -> LettingGo:
    """Look up what is retired and not gone yet, in the state and in the account. Raises Outage."""
    if not target.plan.retired:
        return LettingGo()
    state = read_state(target)
    retirements = find_retired(target.plan, state)
    hosts = [retirement for retirement in retirements if retirement.component.type == HOST]
    destroyed = [retirement for retirement in hosts if retirement.fate == "destroy"]
    client = target.client
    # By their ids: a list may not show one yet, and it would be destroyed without a snapshot.
    live = read_droplets_by_id(client, map(int, _droplet_ids(hosts)))
    droplets = {str(droplet.id): droplet for droplet in live}
    wanted = destroyed if with_snapshots else ()
    return LettingGo(
        retirements=retirements,
        in_two_runs=any(map(is_held, retirements)),
        droplets=droplets,
        sizes=read_sizes(client) if len(destroyed) < len(hosts) else {},
        snapshots=_plan_snapshots(client, wanted, droplets, now),
        backups=_backups(client, retirements),
    )


def apply(target: Target, planned: Outcome, pace: Pace, letting_go: LettingGo) -> Applied:
    """Do what was previewed and agreed to, and then let go of what is retired.

    A droplet is destroyed only after its snapshot was seen. The second run does nothing but let
    go; it is left out where the first went wrong.
    """
    first = _apply_once(target, planned, pace, letting_go)
    went_right = first.stopped_by is None and first.outcome is not None and first.outcome.ok
    if not (letting_go.in_two_runs and went_right):
        return first
    assert first.outcome is not None  # noqa: S101 - it went right
    try:
        again = attempts.preview(target)
        if not again.ok:
            return Applied(joined([first.outcome, again]))
        refuse_unapproved(target, again.steps, list(filter(letting_go.asks_for, again.steps)))
        second = _apply_once(target, again, pace, letting_go)
    except (Failure, KeyboardInterrupt) as stop:
        return Applied(first.outcome, stop)
    if second.outcome is None:
        return Applied(first.outcome, second.stopped_by)
    return Applied(joined([first.outcome, second.outcome]), second.stopped_by)


def _apply_once(target: Target, planned: Outcome, pace: Pace, letting_go: LettingGo) -> Applied:
    deleted = removals(planned.steps).deletes
    ids = {step.id for step in deleted if step.type == DROPLET}
    wanted = letting_go.snapshots.items()
    take_snapshots(target, [snapshot for number, snapshot in wanted if number in ids])
    # These were counted before; what goes beyond them is refused as not agreed to.
    return attempts.apply(target, planned.steps, pace, allowed_deletes=len(deleted))


def _droplet_ids(hosts: Iterable[Retirement]) -> Iterator[str]:
    for host in hosts:
        for child in host.children:
            if child.type == DROPLET and child.id.isdecimal():
                yield child.id


def _plan_snapshots(
    client: Client,
    hosts: Iterable[Retirement],
    droplets: Mapping[str, LiveDroplet],
    now: datetime,
) -> dict[str, LastSnapshot]:
    """Plan a snapshot of each host's droplet that the account still has."""
    return {
        child.id: plan_snapshot(client, host.component.name, droplets[child.id], now)
        for host in hosts
        for child in host.children
        if child.type == DROPLET and child.id in droplets
    }


def _backups(client: Client, retirements: Iterable[Retirement]) -> dict[str, float | None]:
    """Return the time of the newest backup of each cluster that a database is deleted from."""
    names = {
        cluster_of(retirement)
        for retirement in retirements
        if retirement.component.type == DATABASE and retirement.fate == "destroy"
    }
    clusters = read_clusters(client) if names else {}
    return {
        name: read_newest_backup(client, clusters[name])
        for name in sorted(names)
        if name in clusters
    }
