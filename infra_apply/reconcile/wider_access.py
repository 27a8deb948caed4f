"""Access that a plan opens beyond what was last applied: it is what a reviewer reads first."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra_apply import naming
from infra_apply.plan.firewalls import ANYWHERE
from infra_apply.plan.model import InboundRule, Plan
from infra_apply.reconcile.firewalls import PlannedFirewall, planned_firewalls
from infra_apply.reconcile.state import DROPLET, FIREWALL, State, StateResource


@dataclass(frozen=True, slots=True, order=True)
class WiderAccess:
    """Sources that a machine is going to admit and did not admit when it was last applied.

    `machine` is a host or a pool, `ports` a protocol with a port or a range: `tcp/8080`. `sources`
    are addresses (CIDR), names of hosts and pools, or `everywhere`.
    """

    machine: str
    ports: str
    sources: tuple[str, ...]


def find_wider_access(plan: Plan, state: State) -> tuple[WiderAccess, ...]:
    """Return what is wider than what the state remembers; nothing where it remembers nothing.

    All access to a machine that the state does not know is wider. One that had no firewall admitted
    everything.
    """
    if state.is_empty:
        return ()
    wider = (_widened(planned, plan.fleet, state) for planned in planned_firewalls(plan))
    return tuple(sorted(access for accesses in wider for access in accesses))


def describe_wider_access(wider: tuple[WiderAccess, ...]) -> str:
    """Say in lines what is wider; empty where nothing is."""
    lines = [
        f"  {access.machine} {access.ports} from {', '.join(access.sources)}" for access in wider
    ]
    return "\n".join(["access wider than what was last applied:", *lines]) if lines else ""


def _widened(planned: PlannedFirewall, fleet: str, state: State) -> Iterator[WiderAccess]:
    remembered = state.child(planned.component, planned.owner, FIREWALL)
    if remembered is None and state.child(planned.component, planned.owner, DROPLET):
        return
    before = tuple(_rules(remembered)) if remembered else ()
    for rule in planned.firewall.inbound:
        admitted = [former for former in before if _has_ports_of(former, rule)]
        addresses = [
            address
            for address in rule.addresses
            if not any(_has_address(former, address) for former in admitted)
        ]
        tags = [
            tag for tag in rule.tags if not any(_has_tag(former, tag, fleet) for former in admitted)
        ]
        if sources := sorted({*map(_address_label, addresses), *map(_tag_label, tags)}):
            yield WiderAccess(planned.owner, f"{rule.protocol}/{rule.ports}", tuple(sources))


def _rules(firewall: StateResource) -> Iterator[InboundRule]:
    """Read the rules of a firewall's inputs as the provider takes them."""
    for rule in firewall.inputs.get("inboundRules") or ():
        if isinstance(rule, Mapping):
            yield InboundRule(
                str(rule.get("protocol") or ""),
                str(rule.get("portRange") or ""),
                _texts(rule.get("sourceAddresses")),
                _texts(rule.get("sourceTags")),
            )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()


def _has_ports_of(former: InboundRule, rule: InboundRule) -> bool:
    first, last = _range(former.ports)
    wanted_first, wanted_last = _range(rule.ports)
    return former.protocol == rule.protocol and first <= wanted_first and wanted_last <= last


def _range(ports: str) -> tuple[int, int]:
    """Return the first and last port of `8080`, `8000-8080`, or, as the API has it, `all` or 0."""
    first, _, last = ports.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()) or first == "0":
        return _ALL_PORTS if ports in {"all", "0"} else _NO_PORTS
    return int(first), int(last or first)


def _has_address(former: InboundRule, address: str) -> bool:
    if address in former.addresses:
        return True
    wanted = _network(address)
    networks = [network for text in former.addresses if (network := _network(text))]
    return wanted is not None and any(
        wanted.version == network.version and wanted.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _has_tag(former: InboundRule, tag: str, fleet: str) -> bool:
    """Say whether a rule admitted droplets with a tag, or with the one they had before it."""
    names = {name.lower() for name in former.tags}
    before_fleets = naming.former_tag(fleet, tag)
    was_named = tag.lower() in names or (before_fleets or tag).lower() in names
    return was_named or {*ANYWHERE} <= {*former.addresses}


def _address_label(address: str) -> str:
    return "everywhere" if address in ANYWHERE else address


def _tag_label(tag: str) -> str:
    """Call a tag by the host or pool whose droplets have it."""
    return tag.rpartition(":")[2]


_ALL_PORTS: Final = (1, 65535)
_NO_PORTS: Final = (65536, 0)
