"""Where a service answers, as its dependents are told."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.dependencies import target
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest
from infra_apply.plan.model import InstancePlan


def instance(fleet: Fleet, one: Manifest) -> InstancePlan:
    """Return an instance's own place and the URL variables of what it depends on."""
    variables = {
        naming.variable(name): found
        for name in one.depends_on
        if (found := _dependency_url(fleet, one, name))
    }
    return InstancePlan(
        project=one.project,
        provider=one.provider,
        host=machine(one),
        url=url(fleet, one),
        variables=tuple(sorted(variables.items())),
    )


def url(fleet: Fleet, one: Manifest) -> str | None:
    """Return `http://<mesh address, else host name>:<port>`, None without a host or a port."""
    host = machine(one)
    if host is None or one.service is None or one.service.port is None:
        return None
    known = fleet.mesh.hosts.get(host) if fleet.mesh else None
    address = (known.address if known else None) or host
    if ":" in address:
        address = f"[{address}]"  # an IPv6 address in a URL stands in brackets (RFC 3986, 3.2.2)
    return f"http://{address}:{one.service.port}"


def _dependency_url(fleet: Fleet, one: Manifest, name: str) -> str | None:
    if name in fleet.externals:
        return fleet.externals[name]
    found = target(fleet, one, name)
    return url(fleet, found) if found else None
