"""The account's part of a stack, read once more, and what of the plan it lacks or has twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra_apply import naming
from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.digitalocean.read import (
    read_clusters,
    read_databases,
    read_droplets,
    read_droplets_by_id,
    read_gpu_droplets,
    read_users,
)
from infra_apply.plan.model import DatabasePlan, HostPlan, Plan
from infra_apply.reconcile.logins import both_logins, find_user
from infra_apply.reconcile.state import DROPLET, HOST, State
from infra_apply.terminal.layout import plural


@dataclass(frozen=True, slots=True)
class Live:
    """What the account holds of a plan's kinds: droplets, and names by the cluster's name."""

    droplets: tuple[LiveDroplet, ...] = ()
    databases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surplus:
    """A second droplet of ours for one host; `kept` is the id of the one that the state has."""

    host: str
    kept: int
    droplet: LiveDroplet


def read_live(client: Client, plan: Plan, state: State) -> Live:
    """Read what a plan is about; what no list shows yet is asked for by itself. Raises Outage."""
    droplets = (*read_droplets(client), *read_gpu_droplets(client)) if plan.hosts else ()
    if plan.hosts:
        unlisted = state.droplet_ids - {droplet.id for droplet in droplets}
        droplets = (*droplets, *read_droplets_by_id(client, unlisted))
    wanted = {database.cluster for database in plan.databases}
    clusters = read_clusters(client) if wanted else {}
    used = {name: cluster for name, cluster in clusters.items() if name in wanted}
    return Live(
        droplets=droplets,
        databases={
            name: read_databases(
                client, cluster, {held.name for held in plan.databases if held.cluster == name}
            )
            for name, cluster in used.items()
        },
        users={
            name: read_users(
                client,
                cluster,
                {
                    user
                    for held in plan.databases
                    if held.cluster == name
                    for user in _users(held, state)
                },
            )
            for name, cluster in used.items()
        },
    )


def shortcomings(plan: Plan, live: Live, state: State) -> Iterator[str]:
    """Yield a line for each thing of a plan that the account lacks, or holds twice."""
    ids = {droplet.id for droplet in live.droplets}
    droplets = remembered_droplets(state)
    for host in plan.hosts:
        remembered = droplets.get(host.name)
        if remembered is None:
            yield f"host {host.name}: the state has no droplet for it"
        elif remembered not in ids:
            yield f"host {host.name}: its droplet {remembered} is not in the account"
    for surplus in surpluses(plan, live, state):
        yield (
            f"host {surplus.host}: droplet {surplus.droplet.id} is there beside {surplus.kept}, "
            "the one that the state has"
        )
    for database in plan.databases:
        if database.name not in live.databases.get(database.cluster, ()):
            yield f"database {database.name} is not on {database.cluster}"
        for user in sorted(_users(database, state) - live.users.get(database.cluster, frozenset())):
            yield f"user {user} is not on {database.cluster}"


def _users(database: DatabasePlan, state: State) -> frozenset[str]:
    """Return a database's user, and the second one where the state has it."""
    held = (login for login in both_logins(database) if find_user(database, state, login))
    return frozenset({database.user, *held})


def inventory(plan: Plan) -> str:
    """Say in a few words what `shortcomings` looked for and found, each once."""
    parts = []
    if plan.hosts:
        parts.append(plural(len(plan.hosts), "droplet"))
    if plan.databases:
        parts.append(plural(len(plan.databases), "database") + " with their users")
    return " and ".join(parts) or "nothing that is looked for"


def surpluses(plan: Plan, live: Live, state: State) -> Iterator[Surplus]:
    """Yield the droplets that are ours, and that the state has for no host.

    A host whose droplet the state does not know, or the account does not hold, has none: its only
    droplet must never look like one too many.
    """
    ids = {droplet.id for droplet in live.droplets}
    remembered = remembered_droplets(state)
    known = set(remembered.values())
    for host in plan.hosts:
        kept = remembered.get(host.name)
        if kept in ids and kept is not None:
            for droplet in live.droplets:
                if droplet.id not in known and _is_ours(droplet, host, plan):
                    yield Surplus(host.name, kept, droplet)


def remembered_droplets(state: State) -> dict[str, int]:
    """Return the id of each host's droplet that the state has, by the host's name."""
    children = {host.name: state.child(HOST, host.name, DROPLET) for host in state.components(HOST)}
    return {
        name: int(droplet.id)
        for name, droplet in children.items()
        if droplet is not None and droplet.id.isdecimal()
    }


def _is_ours(droplet: LiveDroplet, host: HostPlan, plan: Plan) -> bool:
    """Whether a droplet bears this stack's owner tag and the host's own, whatever their case."""
    tags = {tag.casefold() for tag in droplet.tags}
    owner = naming.owner_tag(plan.fleet, plan.environment).casefold()
    return owner in tags and naming.host_tag(plan.fleet, host.name).casefold() in tags
