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
    """Return a host's firewall; None for an adopted host, which keeps its own until it is managed.

    Where `network.ssh` does not say who may log in, nobody may.
    """
    own = settings.host(host)
    if own.adopt and own.firewall != "managed":
        return None
    rules = set(_operator_rules(settings))
    for entry in access:
        if entry.host == host:
            rules |= set(_service_rules(entry))
    fleet = settings.fleet
    name, tag = naming.host_firewall(fleet, host), naming.host_tag(fleet, host)
    return FirewallPlan(host, name, tag, tuple(sorted(rules)))


def pool_firewall(manifest: Manifest, settings: Settings) -> FirewallPlan:
    """Return the firewall of a pool's slots, which no service calls."""
    fleet, instance = settings.fleet, manifest.instance
    resource = f"{naming.instance(*instance)}-gpu"
    name, tag = naming.pool_firewall(fleet, *instance), naming.pool_tag(fleet, *instance)
    return FirewallPlan(resource, name, tag, tuple(sorted(_operator_rules(settings))))


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
