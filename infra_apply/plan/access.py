"""Who may reach each port on the hosts a stack owns: `depends_on`, and `network.public`."""

from __future__ import annotations

import ipaddress
from collections.abc import Set as AbstractSet

from infra_apply import naming
from infra_apply.fleet.dependencies import edges
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Network, Settings
from infra_apply.plan.model import AccessPlan, Caller


def plan_access(
    fleet: Fleet, settings: Settings, owned_hosts: AbstractSet[str]
) -> tuple[AccessPlan, ...]:
    """Return an entry for every service with a port on a host the stack owns, sorted.

    Dependents count wherever they run, and of whatever environment: a host is one machine.
    """
    callers: dict[tuple[str, str], set[Caller]] = {}
    for dependent, dependency in edges(fleet):
        callers.setdefault(dependency.instance, set()).add(_caller(fleet, settings, dependent))
    entries = [
        AccessPlan(
            host=host,
            port=manifest.service.port,
            project=manifest.project,
            environment=manifest.environment,
            callers=_sorted(callers.get(manifest.instance, set())),
            public=_is_public(settings.network, manifest.project, manifest.service.port),
        )
        for manifest in fleet.services()
        if manifest.provider == "digitalocean"
        and manifest.service is not None
        and manifest.service.port is not None
        and (host := machine(manifest)) in owned_hosts
        and host is not None
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.host, entry.port)))


def _caller(fleet: Fleet, settings: Settings, dependent: Manifest) -> Caller:
    host = machine(dependent)
    tags, addresses = [], []
    if dependent.gpu is not None:
        tags.append(naming.pool_tag(settings.fleet, *dependent.instance))
    if host is not None and dependent.provider == "digitalocean":
        tags.append(naming.host_tag(settings.fleet, host))
    elif host is not None and fleet.mesh is not None and host in fleet.mesh.hosts:
        addresses += _internet_address(fleet.mesh.hosts[host].address)
    return Caller(dependent.project, host, tuple(sorted(tags)), tuple(addresses))


def _internet_address(address: str | None) -> list[str]:
    """Return an address as DigitalOcean's firewall can see it: one of the internet's own.

    Traffic of an overlay (100.64.0.0/10, 10.0.0.0/8, fd00::/8) comes out of its tunnel behind
    the firewall, which only sees the tunnel's port (measured).
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return []
    return [f"{parsed}/{parsed.max_prefixlen}"] if parsed.is_global else []


def _is_public(network: Network, project: str, port: int) -> bool:
    if project not in network.public:
        return False
    ports = network.public[project]
    return ports is None or port in ports


def _sorted(callers: AbstractSet[Caller]) -> tuple[Caller, ...]:
    return tuple(sorted(callers, key=lambda caller: (caller.project, caller.host or "")))
