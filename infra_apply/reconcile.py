"""(plan, account) -> decisions or diagnostics. Pure; nothing is registered before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra_apply.account.model import Account, Cluster
from infra_apply.diagnostics import Diagnostic, Place
from infra_apply.plan.model import DatabasePlan, HostPlan, Plan
from infra_apply.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class HostDecision:
    """Make this droplet, with ids in place of names."""

    host: HostPlan
    ssh_key_ids: tuple[str, ...]
    vpc_id: str | None


@dataclass(frozen=True, slots=True)
class DatabaseDecision:
    """Make this database and its user on a cluster that exists."""

    database: DatabasePlan
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that is to be rendered; render adds nothing to it."""

    plan: Plan
    hosts: tuple[HostDecision, ...]
    databases: tuple[DatabaseDecision, ...]


def reconcile(plan: Plan, account: Account) -> tuple[Decisions | None, tuple[Diagnostic, ...]]:
    """Decide what is to be done with each part of a plan; all that stands in the way at once."""
    problems = tuple(_problems(plan, account))
    if problems:
        return None, problems
    hosts = tuple(
        HostDecision(
            host,
            tuple(str(account.ssh_keys[name]) for name in host.ssh_keys),
            account.vpcs[host.vpc] if host.vpc else None,
        )
        for host in plan.rendered_hosts
    )
    databases = tuple(
        DatabaseDecision(database, account.clusters[database.cluster])
        for database in plan.databases
    )
    return Decisions(plan, hosts, databases), ()


def _problems(plan: Plan, account: Account) -> Iterator[Diagnostic]:
    for database in plan.databases:
        yield from _cluster(database, account.clusters)
    for host in plan.rendered_hosts:
        for name in host.ssh_keys:
            yield from _known(name, account.ssh_keys, "ssh key", host.place)
        if host.vpc:
            yield from _known(host.vpc, account.vpcs, "VPC", host.place)


def _cluster(database: DatabasePlan, clusters: Mapping[str, Cluster]) -> Iterator[Diagnostic]:
    name = database.cluster
    if name not in clusters:
        there = ", ".join(f"`{one}`" for one in sorted(clusters)) or "none"
        message = f"the account has no database cluster `{name}`; there are: {there}"
        hint = did_you_mean(name, clusters, otherwise="make the cluster first, it is shared")
        yield Diagnostic("IA901", database.place, message, hint)
    elif clusters[name].engine not in _WITH_DATABASES:
        message = (
            f"`{name}` is a {clusters[name].engine} cluster, which has no databases of projects"
        )
        fitting = sorted(one.name for one in clusters.values() if one.engine in _WITH_DATABASES)
        hint = f"name one of {', '.join(fitting)}" if fitting else None
        yield Diagnostic("IA902", database.place, message, hint)


def _known(name: str, known: Mapping[str, object], what: str, place: Place) -> Iterator[Diagnostic]:
    if name not in known:
        message = f"the account has no {what} `{name}`"
        yield Diagnostic("IA903", place, message, did_you_mean(name, known))


# Engines whose API has logical databases and users of their own (DigitalOcean's OpenAPI).
_WITH_DATABASES: Final = frozenset({"pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql"})
