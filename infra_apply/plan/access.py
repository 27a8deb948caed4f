"""`depends_on` is declared once: who may reach each port on the hosts a stack renders."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from infra_apply.fleet.dependencies import edges
from infra_apply.fleet.machines import machine
from infra_apply.fleet.model import Fleet
from infra_apply.plan.model import AccessPlan, Source
from infra_apply.settings import Network, Settings


def access(
    fleet: Fleet, settings: Settings, rendered_hosts: AbstractSet[str]
) -> tuple[AccessPlan, ...]:
    """Return an entry for every service with a port on a rendered host, sorted.

    Dependents count wherever they run, and of whatever environment: a host is one machine.
    """
    sources: dict[tuple[str, str], set[Source]] = {}
    for dependent, dependency in edges(fleet):
        source = Source(dependent.project, machine(dependent))
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


def _is_public(network: Network, project: str, port: int) -> bool:
    if project not in network.public:
        return False
    ports = network.public[project]
    return ports is None or port in ports


def _sorted(sources: AbstractSet[Source]) -> tuple[Source, ...]:
    return tuple(sorted(sources, key=lambda one: (one.project, one.host or "")))
