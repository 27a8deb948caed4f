"""Decisions -> Pulumi resources and outputs. It decides nothing."""

from __future__ import annotations

from typing import Any

import pulumi

from infra_apply.plan.model import InstancePlan, PoolPlan
from infra_apply.reconcile.model import Decisions
from infra_apply.render.database import Database
from infra_apply.render.firewall import render_tag
from infra_apply.render.host import Host
from infra_apply.render.pool import Pool
from infra_apply.render.retired import render_retired


def render(decisions: Decisions) -> None:
    """Register everything, and export `hosts`, `instances` and `pools`."""
    plan = decisions.plan
    tags = {name: render_tag(name) for name in plan.firewall_tags}
    imports = decisions.import_firewalls
    hosts = {decision.host.name: Host(decision, tags, imports) for decision in decisions.hosts}
    databases = {decision.database.project: Database(decision) for decision in decisions.databases}
    for pool in decisions.pools:
        Pool(pool, tags, imports)
    for retirement in decisions.retirements:
        render_retired(retirement)
    pulumi.export("hosts", {name: _addresses(host) for name, host in hosts.items()})
    pulumi.export(
        "instances",
        {
            instance.project: _instance(instance, plan.environment, databases.get(instance.project))
            for instance in plan.instances
        },
    )
    pulumi.export("pools", {pool.project: _limits(pool) for pool in plan.pools})


def _addresses(host: Host) -> dict[str, Any]:
    return {
        "public": host.droplet.ipv4_address,
        "private": host.droplet.ipv4_address_private,
    }


def _limits(pool: PoolPlan) -> dict[str, Any]:
    return {"sizes": list(pool.sizes), "max_slots": pool.max_slots}


def _instance(
    instance: InstancePlan, environment: str, database: Database | None
) -> dict[str, Any]:
    urls = dict(instance.variables)
    variables: pulumi.Output[dict[str, str]] = (
        database.variables.apply(lambda own: {**own, **urls})
        if database
        else pulumi.Output.from_input(urls)
    )
    return {
        "environment": environment,
        "place": {"provider": instance.provider, "host": instance.host, "url": instance.url},
        "env": pulumi.Output.secret(variables),
    }
