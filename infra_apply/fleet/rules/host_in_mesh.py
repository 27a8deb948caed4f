"""host_in_mesh: `service.host` is a host of net-tools' mesh-hosts.json, of the right kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply import naming
from infra_apply.diagnostics import Diagnostic, NotChecked, Place, Related, Severity
from infra_apply.fleet.model import Fleet
from infra_apply.manifest import Manifest
from infra_apply.suggest import did_you_mean


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report hosts the mesh does not have or knows as another kind of machine."""
    for one in fleet.services():
        host = one.service.host if one.service else None
        if host is None:
            yield from _no_host(one)
        elif fleet.mesh is not None:
            yield from _host(fleet, one, host)
        elif not fleet.mesh_named:
            yield NotChecked(
                f"{one.path}: whether the mesh has `{host}`: name its file with --mesh-hosts"
            )


def _no_host(one: Manifest) -> Iterator[Diagnostic]:
    if one.provider == "digitalocean":
        droplet = naming.instance(*one.instance)
        message = f"the service names no host, and gets a droplet of its own, `{droplet}`"
        hint = f"if that is meant, add `{droplet}` to the mesh and write `host: {droplet}`"
        place = one.key("service")
        yield Diagnostic("IA504", place, message, hint, severity=Severity.WARNING)


def _host(fleet: Fleet, one: Manifest, name: str) -> Iterator[Diagnostic]:
    mesh = fleet.mesh
    if mesh is None:
        return
    place = one.value("service", "host")
    host = mesh.hosts.get(name)
    if host is None:
        message = f"the mesh has no host `{name}`"
        yield Diagnostic("IA501", place, message, did_you_mean(name, mesh.hosts))
    elif host.kind is not None and host.kind != one.provider:
        message = f"`{name}` is {_A[host.kind]} in the mesh, and `provider` says {one.provider}"
        fitting = [other.name for other in mesh.hosts.values() if other.kind == one.provider]
        hint = f"write `provider: {host.kind}`"
        if fitting:
            hint += f", or choose a {one.provider} host, such as `{min(fitting)}`"
        related = Related(Place(mesh.path), f"`{name}` is declared here")
        yield Diagnostic("IA502", place, message, hint, (related,))


_A = {
    "digitalocean": "a digitalocean droplet",
    "mac": "a mac",
    "bare-metal": "bare metal",
    "local": "local",
}
