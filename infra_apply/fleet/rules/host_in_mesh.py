"""host_in_mesh: `service.host` is a host of net-tools' mesh-hosts.json, of the right kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.mesh import Host, Mesh

UNKNOWN_HOST: Final = Code(
    "IA501",
    "unknown host",
    "a service on a host the mesh does not know is in no picture, and cannot be reached",
    "correct the name, or add the host to net-tools' mesh-hosts.json",
)
ANOTHER_KIND: Final = Code(
    "IA502",
    "host of another kind",
    "a droplet would be made for a machine that is a mac, or the other way round",
    "correct `provider` or `service.host`",
)
NO_HOST: Final = Code(
    "IA504",
    "service without a host",
    "it gets a droplet of its own, named after the project, which the mesh does not know",
    "add the droplet's name to the mesh and to the manifest",
    Severity.WARNING,
)


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report hosts the mesh does not have or knows as another kind of machine."""
    for manifest in fleet.services():
        host = manifest.service.host if manifest.service else None
        if host is None:
            yield from _no_host(fleet, manifest)
        elif fleet.mesh is not None:
            yield from _host(fleet, manifest, host)
        elif not fleet.mesh_named:
            yield NotChecked(
                f"{manifest.path}: whether the mesh has `{host}`: name its file with --mesh-hosts"
            )


def _no_host(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    if manifest.provider != "digitalocean":
        return
    droplet = naming.instance(*manifest.instance)
    known = fleet.mesh.hosts.get(droplet) if fleet.mesh else None
    if known and known.kind not in (None, "digitalocean"):
        yield _another_kind(fleet, manifest, known, manifest.key("service"))
        return
    message = f"the service names no host, and gets a droplet of its own, `{droplet}`"
    hint = f"if that is meant, add `{droplet}` to the mesh and write `host: {droplet}`"
    if known:
        hint = f"if that is meant, write `host: {droplet}`"
    yield Diagnostic(NO_HOST, manifest.key("service"), message, hint)


def _host(fleet: Fleet, manifest: Manifest, name: str) -> Iterator[Diagnostic]:
    known = fleet.mesh.hosts if fleet.mesh else {}
    place = manifest.value("service", "host")
    host = known.get(name)
    if host is None:
        yield Diagnostic(
            UNKNOWN_HOST, place, f"the mesh has no host `{name}`", did_you_mean(name, known)
        )
    elif host.kind is not None and host.kind != manifest.provider:
        yield _another_kind(fleet, manifest, host, place)


def _another_kind(fleet: Fleet, manifest: Manifest, host: Host, place: Place) -> Diagnostic:
    mesh = fleet.mesh or Mesh("", {})
    kind = host.kind or "local"
    message = f"`{host.name}` is {_A[kind]} in the mesh, and `provider` says {manifest.provider}"
    fitting = [other.name for other in mesh.hosts.values() if other.kind == manifest.provider]
    hint = f"write `provider: {kind}`"
    if fitting:
        hint += f", or choose a {manifest.provider} host, such as `{min(fitting)}`"
    related = Related(Place(mesh.path), f"`{host.name}` is declared here")
    return Diagnostic(ANOTHER_KIND, place, message, hint, (related,))


_A = {
    "digitalocean": "a digitalocean droplet",
    "mac": "a mac",
    "bare-metal": "bare metal",
    "local": "local",
}


RULE: Final = Rule(check, (UNKNOWN_HOST, ANOTHER_KIND, NO_HOST))
