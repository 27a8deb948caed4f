"""A checked fleet -> the plan of one stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from infra_apply import naming
from infra_apply.diagnostics.model import Place
from infra_apply.fleet.hosts import droplets, machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Database, Gpu, Manifest
from infra_apply.inputs.settings import GpuProfile, PoolLimits, Settings
from infra_apply.plan.access import access
from infra_apply.plan.firewalls import of_host, of_pool
from infra_apply.plan.instances import instance
from infra_apply.plan.model import DatabasePlan, HostPlan, NotRendered, Plan, PoolPlan, ServicePlan


def build(fleet: Fleet, settings: Settings) -> Plan:
    """Plan a stack. The fleet has no errors; the order of its files does not matter."""
    environment = settings.environment
    mine = [one for one in fleet.manifests if one.environment == environment]
    hosts = tuple(
        _host(fleet, settings, name, carried)
        for name, carried in droplets(fleet).items()
        if any(one.environment == environment for one in carried)
    )
    owned = frozenset(host.name for host in hosts if not host.lookup)
    admitted = access(fleet, settings, owned)
    return Plan(
        stack=settings.stack,
        environment=environment,
        fleet=settings.fleet,
        hosts=tuple(replace(host, firewall=of_host(host, settings, admitted)) for host in hosts),
        databases=tuple(_database(one, one.database) for one in mine if one.database),
        pools=tuple(_pool(settings, one, one.gpu) for one in mine if one.gpu),
        access=admitted,
        not_rendered=tuple(
            NotRendered(one.project, one.environment, one.provider, reason)
            for one in mine
            if (reason := _reason(one, owned))
        ),
        instances=tuple(instance(fleet, one) for one in mine),
    )


def _host(fleet: Fleet, settings: Settings, name: str, carried: Sequence[Manifest]) -> HostPlan:
    treated = settings.host(name)
    services = tuple(sorted((_service(one) for one in carried), key=_by_project_and_port))
    if treated.lookup:
        return HostPlan(name, services, lookup=True, place=settings.key("hosts", name))
    droplet = treated.droplet
    return HostPlan(
        name=name,
        services=services,
        region=droplet.region,
        size=droplet.size,
        image=droplet.image,
        ssh_keys=droplet.ssh_keys,
        vpc=droplet.vpc,
        backups=droplet.backups,
        user_data=fleet.user_data.get(droplet.user_data) if droplet.user_data else None,
        tags=_tags(settings, name, carried, droplet.tags),
        adopt=treated.adopt,
        own_keys=treated.own_keys,
        protect=treated.protect,
        place=_droplet_place(settings, name),
    )


def _service(one: Manifest) -> ServicePlan:
    service = one.service
    if service is None:
        raise ValueError(f"{one.project} has no service")
    return ServicePlan(
        one.project, one.environment, service.port, service.systemd_unit, service.runtime
    )


def _by_project_and_port(one: ServicePlan) -> tuple[str, str, int]:
    return (one.project, one.environment, one.port or 0)


def _tags(
    settings: Settings, host: str, carried: Sequence[Manifest], extra: Sequence[str]
) -> tuple[str, ...]:
    tags = {naming.owner_tag(settings.fleet, settings.environment), naming.host_tag(host), *extra}
    for one in carried:
        tags |= {naming.environment_tag(one.environment), naming.project_tag(one.project)}
        if one.database:
            tags.add(naming.cluster_tag(one.database.cluster))
    return tuple(sorted(tags))


def _droplet_place(settings: Settings, name: str) -> Place:
    """Where a host's droplet is described: its own entry, the defaults, or nowhere yet."""
    if name in settings.hosts:
        return settings.key("hosts", name)
    return settings.key("droplet")


def _database(one: Manifest, database: Database) -> DatabasePlan:
    place = one.value("database", "cluster")
    return DatabasePlan(one.project, database.cluster, database.name, database.user, place)


def _pool(settings: Settings, one: Manifest, gpu: Gpu) -> PoolPlan:
    droplet = gpu.droplet or ""
    profile = settings.gpu_profiles.get(droplet) or GpuProfile(sizes=(droplet,))
    limits = settings.gpu_pools.get(one.project) or PoolLimits()
    return PoolPlan(
        project=one.project,
        sizes=profile.sizes,
        regions=profile.regions,
        max_slots=limits.max_slots,
        image=profile.image,
        ssh_keys=settings.droplet.ssh_keys,
        budget=limits.budget_per_day,
        firewall=of_pool(one, settings),
    )


def _reason(one: Manifest, owned: frozenset[str]) -> str | None:
    """Say why an instance's service is not rendered; None if it is."""
    host = machine(one)
    if one.service is None:
        return "it declares no service"
    if one.provider == "digitalocean":
        return None if host in owned else f"`{host}` is looked up: another stack owns it"
    where = f" `{host}`" if host else ""
    return f"it runs on {_WHERE[one.provider]}{where}, which DigitalOcean does not run"


_WHERE = {"mac": "the mac", "bare-metal": "the bare-metal host", "local": "the local machine"}
