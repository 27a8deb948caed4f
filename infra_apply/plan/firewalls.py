"""Access and network settings -> the firewall of each host and pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from infra_apply import naming
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import AccessPlan, FirewallPlan, HostPlan, Inbound

ANYWHERE: Final = ("0.0.0.0/0", "::/0")


def of_host(
    host: HostPlan, settings: Settings, access: Sequence[AccessPlan]
) -> FirewallPlan | None:
    """Return a host's firewall; None for one that is not managed here.

    A host made here is managed once `network.ssh` says who may log in: without that, a firewall
    would lock everybody out. An adopted host keeps its own until `firewall: managed`.
    """
    asked_for = settings.host(host.name).firewall == "managed"
    if host.lookup or settings.network.ssh is None or (host.adopt and not asked_for):
        return None
    services = [one for one in access if one.host == host.name]
    inbound = {*_common(settings), *(rule for one in services for rule in _service(one))}
    return FirewallPlan(host.name, naming.host_tag(host.name), tuple(sorted(inbound)))


def of_pool(one: Manifest, settings: Settings) -> FirewallPlan | None:
    """Return the firewall of a pool's slots, which nobody calls."""
    if settings.network.ssh is None:
        return None
    name = f"{naming.instance(*one.instance)}-gpu"
    return FirewallPlan(name, naming.pool_tag(*one.instance), tuple(sorted(_common(settings))))


def _common(settings: Settings) -> Iterator[Inbound]:
    """The doors every managed machine has: for its operators, and for the mesh's tunnel."""
    if settings.network.ssh:
        yield Inbound("tcp", _SSH, tuple(sorted(settings.network.ssh)))
    for tunnel in settings.network.mesh:
        protocol, _, port = tunnel.partition("/")
        yield Inbound(protocol, port, ANYWHERE)


def _service(access: AccessPlan) -> Iterator[Inbound]:
    port = str(access.port)
    if access.public:
        yield Inbound("tcp", port, ANYWHERE)
        return
    tags = {tag for source in access.sources for tag in source.tags}
    addresses = {address for source in access.sources for address in source.addresses}
    if tags or addresses:
        yield Inbound("tcp", port, tuple(sorted(addresses)), tuple(sorted(tags)))


_SSH: Final = "22"
