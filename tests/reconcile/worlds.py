"""Accounts and states for tests of reconcile: as small as what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra_apply.digitalocean.model import (
    Account,
    Cluster,
    LiveDroplet,
    LiveFirewall,
    Size,
)
from infra_apply.inputs.settings import Droplet, HostSettings, Network, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.logins import Wish
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.state import (
    DATABASE,
    DROPLET,
    FIREWALL,
    GRANTS,
    HOST,
    LOGICAL_DATABASE,
    POOL,
    USER,
    State,
    StateResource,
)
from tests.companies import SETTINGS

OWNER = "infra-apply:acme:prod"
HOST_TAG = "infra-apply-host:acme:lime"
QUIET = replace(SETTINGS, network=Network(ssh=()))
"""Settings whose hosts have a firewall: nobody is warned of its absence."""

EVERYWHERE = ("nyc3", "ams3")
SIZES = {
    "s-1vcpu-1gb": Size(1024, 1, 25, 6.0, 0.00893, EVERYWHERE),
    "s-2vcpu-4gb": Size(4096, 2, 80, 24.0, 0.03571, EVERYWHERE),
    "s-4vcpu-8gb": Size(8192, 4, 160, 48.0, 0.07143, ("nyc3",)),
    "gpu-l40sx1-48gb": Size(65536, 8, 500, 1168.0, 1.57, ("nyc3",)),
}


def cluster(name: str = "shared-pg", engine: str = "pg", number: str = "") -> Cluster:
    return Cluster(number or f"id-of-{name}", name, engine, f"{name}.example.com", 25060, ssl=True)


def droplet(number: int = 7, name: str = "lime", *tags: str, **fields: Any) -> LiveDroplet:
    """A droplet that is ours, unless `fields` say other tags."""
    live = LiveDroplet(
        id=number,
        name=name,
        status="active",
        region="nyc3",
        size="s-1vcpu-1gb",
        tags=(OWNER, HOST_TAG, *tags),
        addresses=("203.0.113.7",),
        made_at=1_764_000_000.0,
        memory=1024,
        vcpus=1,
        disk=25,
    )
    return replace(live, **fields)


def account(*droplets: LiveDroplet, **fields: Any) -> Account:
    """An account with one cluster, and these droplets."""
    basis = Account(
        clusters={"shared-pg": cluster()},
        databases={"shared-pg": frozenset()},
        users={"shared-pg": frozenset()},
        droplets=droplets,
        sizes=SIZES,
        droplet_limit=25,
    )
    return replace(basis, **fields)


def firewall(name: str = "acme-lime", *tags: str, number: str = "fw-1") -> LiveFirewall:
    return LiveFirewall(name, frozenset(), frozenset(tags or (HOST_TAG,)), number)


def component(kind: str, name: str, /, **inputs: Any) -> StateResource:
    return StateResource(f"urn:pulumi:prod::infra-apply::{kind}::{name}", kind, inputs=inputs)


def child(
    parent: StateResource,
    kind: str,
    number: str,
    /,
    *,
    protect: bool = True,
    called: str = "",
    **inputs: Any,
) -> StateResource:
    """A component's resource, called as the component unless `called` says otherwise."""
    urn = f"urn:pulumi:prod::infra-apply::{parent.type}${kind}::{called or parent.name}"
    retain = kind != FIREWALL
    return StateResource(
        urn, kind, number, parent.urn, inputs, protect=protect and retain, retain=retain
    )


def host_state(
    number: int | None = 7,
    name: str = "lime",
    *,
    services: Mapping[str, Sequence[str]] | None = None,
    tags: Sequence[str] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> tuple[StateResource, ...]:
    """The component of a host, with a droplet and a firewall unless `number` is None."""
    carried = {"shop": []} if services is None else services
    claims: dict[str, Any] = {"host": name, "services": carried}
    if tags is not None:
        claims["tags"] = list(tags)
    host = component(HOST, name, **claims)
    if number is None:
        return (host,)
    return (
        host,
        child(host, DROPLET, str(number), **(inputs or {})),
        child(host, FIREWALL, "fw-1"),
    )


def database_state(
    *,
    user: str | None = "shop",
    name: str | None = "shop",
    cluster_id: str = "id-of-shared-pg",
    claims: Mapping[str, Any] | None = None,
    instance: str = "shop",
    protect: bool = True,
    grants: bool = False,
    second: str | None = None,
    logins: Sequence[str] = (),
    turns: bool | None = None,
) -> tuple[StateResource, ...]:
    """The component of a database, with a user and a database unless they are None.

    It has a second user and claims to `logins` where they are named, and grants where `turns` says
    whether another user could take over.
    """
    default: dict[str, Any]
    default = {"cluster": "shared-pg", "clusterId": cluster_id, "name": "shop", "user": "shop"}
    default |= {"logins": list(logins)} if logins else {}
    parent = component(DATABASE, instance, **(default if claims is None else claims))
    children = []
    if user is not None:
        children.append(
            child(parent, USER, f"u-{user}", protect=protect, clusterId=cluster_id, name=user)
        )
    if name is not None:
        number = f"{cluster_id}/database/{name}"
        children.append(
            child(
                parent, LOGICAL_DATABASE, number, protect=protect, clusterId=cluster_id, name=name
            )
        )
    if second is not None:
        called = f"{instance}#2"
        children.append(
            child(parent, USER, f"u-{second}", called=called, clusterId=cluster_id, name=second)
        )
    if grants or turns is not None:
        number = f"{cluster_id}/{name}"
        held = child(parent, GRANTS, number, protect=protect, clusterId=cluster_id, database=name)
        children.append(held if turns is None else replace(held, outputs={"turns": turns}))
    return (parent, *children)


def pool_state(name: str = "shop") -> tuple[StateResource, ...]:
    pool = component(POOL, name)
    return (pool, child(pool, FIREWALL, "fw-pool"))


def state(*groups: Sequence[StateResource], **fields: Any) -> State:
    return State(tuple(resource for group in groups for resource in group), **fields)


def host_settings(settings: Settings = QUIET, host: str = "lime", **fields: Any) -> Settings:
    """Settings with an entry for one host: fields of its droplet, and of itself."""
    own = {name: value for name, value in fields.items() if name not in _OF_THE_HOST}
    rest = {name: value for name, value in fields.items() if name in _OF_THE_HOST}
    entry = HostSettings(droplet=replace(Droplet(), **own), own_keys=frozenset(fields), **rest)
    return replace(settings, hosts={**settings.hosts, host: entry})


_OF_THE_HOST = frozenset({"adopt", "lookup", "create", "resize_disk", "protect", "firewall"})


def codes(plan: Plan, live: Account, remembered: State) -> list[str]:
    """The codes of what reconcile says."""
    return [problem.code.id for problem in reconcile(plan, live, remembered)[1]]


def decided(plan: Plan, live: Account, remembered: State, wish: Wish | None = None) -> Decisions:
    """The decisions where nothing stands in the way."""
    decisions, problems = reconcile(plan, live, remembered, wish)
    assert decisions is not None, [problem.message for problem in problems]
    return decisions
