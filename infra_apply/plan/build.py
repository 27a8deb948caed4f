"""A checked fleet -> the plan of one stack."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from infra_apply import naming
from infra_apply.diagnostics.model import Place
from infra_apply.fleet.hosts import droplets, machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.urls import dependency_urls, url
from infra_apply.inputs.manifest import Database, Manifest
from infra_apply.inputs.settings import Settings
from infra_apply.plan.access import plan_access
from infra_apply.plan.firewalls import host_firewall
from infra_apply.plan.model import (
    AccessPlan,
    DatabasePlan,
    HostPlan,
    InstancePlan,
    LookedUpHost,
    NotRendered,
    Plan,
    ServicePlan,
)
from infra_apply.plan.pools import plan_pool


def build(fleet: Fleet, settings: Settings) -> Plan:
    """Plan a stack. The fleet has no errors; the order of its files does not matter."""
    environment = settings.environment
    manifests = [manifest for manifest in fleet.manifests if manifest.environment == environment]
    carried = {
        name: services
        for name, services in droplets(fleet).items()
        if any(service.environment == environment for service in services)
    }
    owned = {name: on for name, on in carried.items() if not settings.host(name).lookup}
    access = plan_access(fleet, settings, owned.keys())
    return Plan(
        stack=settings.stack,
        environment=environment,
        fleet=settings.fleet,
        hosts=tuple(_host(fleet, settings, name, on, access) for name, on in owned.items()),
        looked_up=tuple(
            LookedUpHost(name, _services(on)) for name, on in carried.items() if name not in owned
        ),
        databases=tuple(
            _database(manifest, manifest.database) for manifest in manifests if manifest.database
        ),
        pools=tuple(
            plan_pool(fleet, settings, manifest, manifest.gpu)
            for manifest in manifests
            if manifest.gpu
        ),
        access=access,
        not_rendered=tuple(
            NotRendered(manifest.project, manifest.environment, manifest.provider, reason)
            for manifest in manifests
            if (reason := _why_not_rendered(manifest, owned.keys()))
        ),
        instances=tuple(_instance(fleet, manifest) for manifest in manifests),
    )


def _host(
    fleet: Fleet,
    settings: Settings,
    name: str,
    carried: Sequence[Manifest],
    access: Sequence[AccessPlan],
) -> HostPlan:
    host = settings.host(name)
    file = host.droplet.user_data_file
    return HostPlan(
        name=name,
        services=_services(carried),
        droplet=replace(host.droplet, tags=_tags(settings, name, carried, host.droplet.tags)),
        user_data=fleet.user_data.get(file) if file else None,
        adopt=host.adopt,
        own_keys=host.own_keys,
        protect=host.protect,
        firewall=host_firewall(name, settings, access),
        place=_droplet_place(settings, name),
    )


def _services(carried: Sequence[Manifest]) -> tuple[ServicePlan, ...]:
    services = [
        ServicePlan(
            manifest.project,
            manifest.environment,
            manifest.service.port,
            manifest.service.systemd_unit,
            manifest.service.runtime,
        )
        for manifest in carried
        if manifest.service
    ]
    return tuple(
        sorted(
            services, key=lambda service: (service.project, service.environment, service.port or 0)
        )
    )


def _tags(
    settings: Settings, host: str, carried: Sequence[Manifest], extra: Sequence[str]
) -> tuple[str, ...]:
    tags = {naming.owner_tag(settings.fleet, settings.environment), naming.host_tag(host), *extra}
    for manifest in carried:
        tags.add(naming.environment_tag(manifest.environment))
        tags.add(naming.project_tag(manifest.project))
        if manifest.database:
            tags.add(naming.cluster_tag(manifest.database.cluster))
    return tuple(sorted(tags))


def _droplet_place(settings: Settings, name: str) -> Place:
    """Where a host's droplet is described: its own entry, the defaults, or nowhere yet."""
    if name in settings.hosts:
        return settings.key("hosts", name)
    return settings.key("droplet")


def _database(manifest: Manifest, database: Database) -> DatabasePlan:
    place = manifest.value("database", "cluster")
    return DatabasePlan(manifest.project, database.cluster, database.name, database.user, place)


def _instance(fleet: Fleet, manifest: Manifest) -> InstancePlan:
    return InstancePlan(
        project=manifest.project,
        provider=manifest.provider,
        host=machine(manifest),
        url=url(fleet, manifest),
        variables=tuple(dependency_urls(fleet, manifest).items()),
    )


def _why_not_rendered(manifest: Manifest, owned: AbstractSet[str]) -> str | None:
    """Say why an instance's service is not rendered; None if it is."""
    host = machine(manifest)
    if manifest.service is None:
        return "it declares no service"
    if manifest.provider == "digitalocean":
        return None if host in owned else f"`{host}` is looked up: another stack owns it"
    where = f" `{host}`" if host else ""
    return f"it runs on {_WHERE[manifest.provider]}{where}, which DigitalOcean does not run"


_WHERE = {"mac": "the mac", "bare-metal": "the bare-metal host", "local": "the local machine"}
