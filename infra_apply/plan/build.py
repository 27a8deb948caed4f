"""A checked fleet -> the plan of one stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from infra_apply import naming
from infra_apply.diagnostics.model import Place
from infra_apply.fleet.dependencies import edges
from infra_apply.fleet.hosts import droplets, machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.quarantine import instances_of, ports_of_mesh
from infra_apply.fleet.urls import dependency_urls, url
from infra_apply.inputs.manifest import Database, Environment, Manifest
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
    callers = _callers(fleet)
    return Plan(
        stack=settings.stack,
        environment=environment,
        fleet=settings.fleet,
        hosts=tuple(
            _host(fleet, settings, name, on, _Relations(access, callers))
            for name, on in owned.items()
        ),
        looked_up=tuple(
            LookedUpHost(name, _services(on, callers))
            for name, on in carried.items()
            if name not in owned
        ),
        databases=tuple(
            _database(settings, manifest, manifest.database)
            for manifest in manifests
            if manifest.database
        ),
        pools=tuple(
            plan_pool(fleet, settings, manifest, manifest.gpu)
            for manifest in manifests
            if manifest.gpu
        ),
        access=access,
        not_rendered=_not_rendered(fleet, manifests, environment, owned.keys()),
        instances=tuple(_instance(fleet, manifest) for manifest in manifests),
        fleet_is_named=settings.names_fleet,
        declared=frozenset(naming.instance(*manifest.instance) for manifest in fleet.manifests),
        retired=settings.retired,
        quarantined=instances_of(fleet.quarantined),
        quarantined_ports=ports_of_mesh(fleet),
        place=settings.key("projects"),
        retired_places={name: settings.key("retired", name) for name in settings.retired},
    )


@dataclass(frozen=True, slots=True)
class _Relations:
    """Who may reach what, and the names of the instances that depend on each one."""

    access: Sequence[AccessPlan]
    callers: Mapping[tuple[str, Environment], tuple[str, ...]]


def _host(
    fleet: Fleet,
    settings: Settings,
    name: str,
    carried: Sequence[Manifest],
    relations: _Relations,
) -> HostPlan:
    host = settings.host(name)
    file = host.droplet.user_data_file
    machine_of_mesh = fleet.mesh.hosts.get(name) if fleet.mesh else None
    return HostPlan(
        name=name,
        services=_services(carried, relations.callers),
        droplet=replace(host.droplet, tags=_tags(settings, name, carried, host.droplet.tags)),
        user_data=fleet.user_data.get(file) if file else None,
        adopt=host.adopt,
        own_keys=host.own_keys,
        create=host.create,
        address=machine_of_mesh.address if machine_of_mesh else None,
        resize_disk=host.resize_disk,
        protect=host.protect,
        firewall=host_firewall(name, settings, relations.access),
        place=_droplet_place(settings, name),
    )


def _callers(fleet: Fleet) -> dict[tuple[str, Environment], tuple[str, ...]]:
    """Return the names of the instances that depend on each one."""
    callers: dict[tuple[str, Environment], set[str]] = {}
    for dependent, dependency in edges(fleet):
        callers.setdefault(dependency.instance, set()).add(naming.instance(*dependent.instance))
    return {instance: tuple(sorted(names)) for instance, names in callers.items()}


def _services(
    carried: Sequence[Manifest], callers: Mapping[tuple[str, Environment], tuple[str, ...]]
) -> tuple[ServicePlan, ...]:
    services = [
        ServicePlan(
            manifest.project,
            manifest.environment,
            manifest.service.port,
            manifest.service.systemd_unit,
            manifest.service.runtime,
            callers.get(manifest.instance, ()),
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
    company = settings.fleet
    owner = naming.owner_tag(company, settings.environment)
    tags = {owner, naming.host_tag(company, host), *extra}
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


def _database(settings: Settings, manifest: Manifest, database: Database) -> DatabasePlan:
    cluster = settings.clusters.get(database.cluster)
    adopted = cluster.adopt if cluster else ()
    return DatabasePlan(
        project=manifest.project,
        environment=manifest.environment,
        cluster=database.cluster,
        name=database.name,
        user=database.user,
        adopt_database=database.name in adopted,
        adopt_user=database.user in adopted,
        isolation=settings.isolation,
        connections=cluster.connections if cluster else None,
        closes_default=cluster is not None and cluster.close_default,
        manifest=manifest.path,
        place=manifest.value("database", "cluster"),
    )


def _instance(fleet: Fleet, manifest: Manifest) -> InstancePlan:
    return InstancePlan(
        project=manifest.project,
        provider=manifest.provider,
        host=machine(manifest),
        url=url(fleet, manifest),
        variables=tuple(dependency_urls(fleet, manifest).items()),
        kept=tuple(sorted(map(naming.variable, _quarantined_dependencies(fleet, manifest)))),
    )


def _quarantined_dependencies(fleet: Fleet, manifest: Manifest) -> frozenset[str]:
    return fleet.quarantined.intersection(manifest.depends_on) - fleet.externals.keys()


def _not_rendered(
    fleet: Fleet,
    manifests: Sequence[Manifest],
    environment: Environment,
    owned: AbstractSet[str],
) -> tuple[NotRendered, ...]:
    """Return the instances of an environment that are not rendered, by project."""
    reasons = [
        NotRendered(manifest.project, environment, manifest.provider, reason)
        for manifest in manifests
        if (reason := _why_not_rendered(manifest, owned))
    ]
    for project in fleet.quarantined:
        dependents = [
            manifest.project
            for manifest in manifests
            if project in _quarantined_dependencies(fleet, manifest)
        ]
        reasons.append(NotRendered(project, environment, None, _why_quarantined(dependents)))
    return tuple(sorted(reasons, key=lambda instance: instance.project))


def _why_quarantined(dependents: Sequence[str]) -> str:
    reason = "it is quarantined: what it has stays as it is"
    names = ", ".join(f"`{name}`" for name in sorted(set(dependents)))
    return f"{reason}; nothing new is opened on it for {names}" if names else reason


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
