"""Where a service answers, as its dependents are told."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.dependencies import target
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest
from infra_apply.plan.model import InstancePlan


def instance(fleet: Fleet, manifest: Manifest) -> InstancePlan:
    """Return an instance's own place and the URL variables of what it depends on."""
    variables = {
        naming.variable(name): found
        for name in manifest.depends_on
        if (found := _dependency_url(fleet, manifest, name))
    }
    return InstancePlan(
        project=manifest.project,
        provider=manifest.provider,
        host=machine(manifest),
        url=url(fleet, manifest),
        variables=tuple(sorted(variables.items())),
    )


def url(fleet: Fleet, manifest: Manifest) -> str | None:
    """Return `http://<mesh address, else host name>:<port>`, None without a host or a port."""
    host = machine(manifest)
    if host is None or manifest.service is None or manifest.service.port is None:
        return None
    known = fleet.mesh.hosts.get(host) if fleet.mesh else None
    address = (known.address if known else None) or host
    if ":" in address:
        address = f"[{address}]"  # an IPv6 address in a URL stands in brackets (RFC 3986, 3.2.2)
    return f"http://{address}:{manifest.service.port}"


def _dependency_url(fleet: Fleet, manifest: Manifest, name: str) -> str | None:
    if name in fleet.externals:
        return fleet.externals[name]
    found = target(fleet, manifest, name)
    return url(fleet, found) if found else None
