"""Decisions -> Pulumi resources and outputs. It decides nothing."""

from __future__ import annotations

from typing import Any

import pulumi

from infra_apply import naming
from infra_apply.plan.model import InstancePlan
from infra_apply.reconcile.model import Decisions
from infra_apply.render.database import Database
from infra_apply.render.firewall import tag
from infra_apply.render.host import Host
from infra_apply.render.pool import Pool


def render(decisions: Decisions) -> None:
    """Register everything, and export `hosts`, `instances` and `pools`."""
    plan = decisions.plan
    tags = {name: tag(name) for name in plan.firewall_tags}
    hosts = {one.host.name: Host(one, tags) for one in decisions.hosts}
    databases = {
        one.database.project: Database(naming.instance(one.database.project, plan.environment), one)
        for one in decisions.databases
    }
    for pool in plan.pools:
        Pool(naming.instance(pool.project, plan.environment), pool, tags)
    pulumi.export("hosts", {name: _addresses(host) for name, host in hosts.items()})
    pulumi.export(
        "instances",
        {
            one.project: _instance(one, plan.environment, databases.get(one.project))
            for one in plan.instances
        },
    )
    pulumi.export(
        "pools",
        {one.project: {"sizes": list(one.sizes), "max_slots": one.max_slots} for one in plan.pools},
    )


def _addresses(host: Host) -> dict[str, Any]:
    return {
        "public": host.droplet.ipv4_address,
        "private": host.droplet.ipv4_address_private,
    }


def _instance(one: InstancePlan, environment: str, database: Database | None) -> dict[str, Any]:
    given = dict(one.variables)
    env: pulumi.Output[dict[str, str]] = (
        database.variables.apply(lambda own: {**own, **given})
        if database
        else pulumi.Output.from_input(given)
    )
    return {
        "environment": environment,
        "place": {"provider": one.provider, "host": one.host, "url": one.url},
        "env": pulumi.Output.secret(env),
    }
