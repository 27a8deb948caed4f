"""`depends_on` is declared once: who may reach each port on the hosts a stack renders."""

from __future__ import annotations

import ipaddress
from collections.abc import Set as AbstractSet

from infra_apply import naming
from infra_apply.fleet.dependencies import edges
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Network, Settings
from infra_apply.plan.model import AccessPlan, Source


def access(
    fleet: Fleet, settings: Settings, rendered_hosts: AbstractSet[str]
) -> tuple[AccessPlan, ...]:
    """Return an entry for every service with a port on a rendered host, sorted.

    Dependents count wherever they run, and of whatever environment: a host is one machine.
    """
    sources: dict[tuple[str, str], set[Source]] = {}
    for dependent, dependency in edges(fleet):
        source = _source(fleet, dependent)
        sources.setdefault(dependency.instance, set()).add(source)
    found = [
        AccessPlan(
            host=host,
            port=one.service.port,
            project=one.project,
            environment=one.environment,
            sources=_sorted(sources.get(one.instance, set())),
            public=_is_public(settings.network, one.project, one.service.port),
        )
        for one in fleet.services()
        if one.provider == "digitalocean"
        and one.service is not None
        and one.service.port is not None
        and (host := machine(one)) in rendered_hosts
        and host is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.host, one.port)))


def _source(fleet: Fleet, dependent: Manifest) -> Source:
    host = machine(dependent)
    tags, addresses = [], []
    if dependent.gpu is not None:
        tags.append(naming.pool_tag(*dependent.instance))
    if host is not None and dependent.provider == "digitalocean":
        tags.append(naming.host_tag(host))
    elif host is not None and fleet.mesh is not None and host in fleet.mesh.hosts:
        addresses += _public(fleet.mesh.hosts[host].address)
    return Source(dependent.project, host, tuple(sorted(tags)), tuple(addresses))


def _public(address: str | None) -> list[str]:
    """Return an address as DigitalOcean's firewall can see it: one of the internet's own.

    Traffic of an overlay (100.64.0.0/10, 10.0.0.0/8, fd00::/8) comes out of its tunnel behind
    the firewall, which only sees the tunnel's port (measured).
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return []
    return [f"{found}/{found.max_prefixlen}"] if found.is_global else []


def _is_public(network: Network, project: str, port: int) -> bool:
    if project not in network.public:
        return False
    ports = network.public[project]
    return ports is None or port in ports


def _sorted(sources: AbstractSet[Source]) -> tuple[Source, ...]:
    return tuple(sorted(sources, key=lambda one: (one.project, one.host or "")))
