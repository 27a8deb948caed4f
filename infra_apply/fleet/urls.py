"""Where a service answers, and the URLs its dependents are given."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.dependencies import target
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


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


def dependency_urls(fleet: Fleet, manifest: Manifest) -> dict[str, str]:
    """Return the URL of each dependency that has one, by the variable it is given in, sorted."""
    urls = {
        naming.variable(name): dependency_url
        for name in manifest.depends_on
        if (dependency_url := _dependency_url(fleet, manifest, name))
    }
    return dict(sorted(urls.items()))


def _dependency_url(fleet: Fleet, manifest: Manifest, name: str) -> str | None:
    if name in fleet.externals:
        return fleet.externals[name]
    dependency = target(fleet, manifest, name)
    return url(fleet, dependency) if dependency else None
