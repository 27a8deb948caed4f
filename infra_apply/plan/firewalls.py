"""Access and network settings -> the firewall of each host and pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from infra_apply import naming
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import AccessPlan, FirewallPlan, InboundRule

ANYWHERE: Final = ("0.0.0.0/0", "::/0")


def host_firewall(
    host: str, settings: Settings, access: Sequence[AccessPlan]
) -> FirewallPlan | None:
    """Return a host's firewall; None for one that is not managed here.

    A host made here is managed once `network.ssh` says who may log in: without that, a firewall
    would lock everybody out. An adopted host keeps its own until `firewall: managed`.
    """
    own = settings.host(host)
    if settings.network.ssh is None or (own.adopt and own.firewall != "managed"):
        return None
    rules = set(_operator_rules(settings))
    for entry in access:
        if entry.host == host:
            rules |= set(_service_rules(entry))
    return FirewallPlan(host, naming.host_tag(host), tuple(sorted(rules)))


def pool_firewall(manifest: Manifest, settings: Settings) -> FirewallPlan | None:
    """Return the firewall of a pool's slots, which no service calls."""
    if settings.network.ssh is None:
        return None
    name = f"{naming.instance(*manifest.instance)}-gpu"
    rules = tuple(sorted(_operator_rules(settings)))
    return FirewallPlan(name, naming.pool_tag(*manifest.instance), rules)


def _operator_rules(settings: Settings) -> Iterator[InboundRule]:
    """Yield what every managed machine admits: ssh for its operators, and the mesh's tunnel."""
    if settings.network.ssh:
        yield InboundRule("tcp", _SSH, tuple(sorted(settings.network.ssh)))
    for tunnel in settings.network.mesh:
        protocol, _, port = tunnel.partition("/")
        yield InboundRule(protocol, port, ANYWHERE)


def _service_rules(access: AccessPlan) -> Iterator[InboundRule]:
    port = str(access.port)
    if access.public:
        yield InboundRule("tcp", port, ANYWHERE)
        return
    tags = {tag for caller in access.callers for tag in caller.tags}
    addresses = {address for caller in access.callers for address in caller.addresses}
    if tags or addresses:
        yield InboundRule("tcp", port, tuple(sorted(addresses)), tuple(sorted(tags)))


_SSH: Final = "22"
