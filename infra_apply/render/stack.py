"""Decisions -> Pulumi resources and outputs. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from infra_apply.plan.model import InstancePlan, PoolPlan
from infra_apply.reconcile.model import Decisions
from infra_apply.render.cluster import look_up_clusters
from infra_apply.render.database import Database, close_default
from infra_apply.render.firewall import render_tag
from infra_apply.render.host import Host
from infra_apply.render.pool import Pool
from infra_apply.render.remembered import render_remembered

Former = Callable[[], Mapping[str, Any]]
"""Reads the stack's outputs as the last update left them, secrets among them."""


def render(decisions: Decisions, former: Former | None = None) -> None:
    """Register everything, and export `hosts`, `instances` and `pools`.

    `former` is read only where something is quarantined: its secrets are exported again.
    """
    plan, kept = decisions.plan, decisions.kept_outputs
    variables = _former_variables(decisions, former)  # before anything is registered
    clusters = look_up_clusters(decisions.databases)  # likewise
    tags = {name: render_tag(name) for name in sorted({*plan.firewall_tags, *decisions.kept_tags})}
    imports = decisions.import_firewalls
    hosts = {decision.host.name: Host(decision, tags, imports) for decision in decisions.hosts}
    databases = {
        decision.database.project: Database(decision, clusters[decision.database.cluster])
        for decision in decisions.databases
    }
    for name in decisions.closed_defaults:
        close_default(name, clusters[name])
    for pool in decisions.pools:
        Pool(pool, tags, imports)
    for retirement in decisions.retirements:
        render_remembered(retirement.unprotected)
    for remembered in decisions.quarantined:
        render_remembered(remembered, is_there=True)
    vpcs: dict[str, pulumi.Input[str]] = {**decisions.looked_up_vpcs}
    vpcs |= {name: host.droplet.vpc_uuid for name, host in hosts.items()}
    instances = {
        instance.project: _instance(
            instance,
            plan.environment,
            own.variables(vpcs.get(instance.host or ""))
            if (own := databases.get(instance.project))
            else None,
            variables.get(instance.project, {}),
        )
        for instance in plan.instances
    }
    for project, facts in kept.get("instances", {}).items():
        instances[project] = {**facts, "env": pulumi.Output.secret(variables.get(project, {}))}
    pools = {pool.project: _limits(pool) for pool in plan.pools}
    addresses = {name: _addresses(host) for name, host in hosts.items()}
    pulumi.export("hosts", {**addresses, **kept.get("hosts", {})})
    pulumi.export("instances", instances)
    pulumi.export("pools", {**pools, **kept.get("pools", {})})


def _former_variables(decisions: Decisions, former: Former | None) -> dict[str, dict[str, str]]:
    """Return the variables that stay: all of a quarantined project, and its URL for dependents."""
    wanted: dict[str, tuple[str, ...] | None] = {
        instance.project: instance.kept for instance in decisions.plan.instances if instance.kept
    }
    wanted |= dict.fromkeys(decisions.kept_outputs.get("instances", ()))
    instances = former().get("instances") or {} if wanted and former is not None else {}
    return {
        project: {
            name: value
            for name, value in instances.get(project, {}).get("env", {}).items()
            if names is None or name in names
        }
        for project, names in wanted.items()
    }


def _addresses(host: Host) -> dict[str, Any]:
    return {
        "public": host.droplet.ipv4_address,
        "private": host.droplet.ipv4_address_private,
    }


def _limits(pool: PoolPlan) -> dict[str, Any]:
    return {"sizes": list(pool.sizes), "max_slots": pool.max_slots}


def _instance(
    instance: InstancePlan,
    environment: str,
    own: pulumi.Output[dict[str, str]] | None,
    kept: Mapping[str, str],
) -> dict[str, Any]:
    urls = {**kept, **dict(instance.variables)}
    variables = (
        own.apply(lambda known: {**known, **urls}) if own else pulumi.Output.from_input(urls)
    )
    return {
        "environment": environment,
        "place": {"provider": instance.provider, "host": instance.host, "url": instance.url},
        "env": pulumi.Output.secret(variables),
    }
