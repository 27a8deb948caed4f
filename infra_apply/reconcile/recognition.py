"""Which live droplets could be a host: ours, another stack's, or a stranger's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from infra_apply import naming
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.reconcile.state import DROPLET, FIREWALL, LOGICAL_DATABASE, USER, StateResource


@dataclass(frozen=True, slots=True)
class Candidates:
    """The droplets that could be a host, by whose they are; each sorted by id."""

    ours: tuple[LiveDroplet, ...]
    of_other_stacks: tuple[LiveDroplet, ...]
    strangers: tuple[LiveDroplet, ...]


def find_candidates(host: HostPlan, plan: Plan, droplets: Iterable[LiveDroplet]) -> Candidates:
    """Sort out the droplets that have the host's name, tag or address. A slot is never a host."""
    ours, of_other_stacks, strangers = [], [], []
    name, tag = host.name.lower(), naming.host_tag(plan.fleet, host.name).lower()
    owner = naming.owner_tag(plan.fleet, plan.environment)
    address = _parsed(host.address or "")  # IPv6 may be written in several ways
    for droplet in droplets:
        named = droplet.name.lower() == name
        addressed = address is not None and address in map(_parsed, droplet.addresses)
        if not (named or addressed or has_tag(droplet, tag)) or is_slot(droplet):
            continue
        if has_tag(droplet, owner):
            if named or has_tag(droplet, tag):
                ours.append(droplet)
        elif owner_in_fleet(droplet, plan.fleet):
            if named or has_tag(droplet, tag):
                of_other_stacks.append(droplet)
        elif named or addressed:
            strangers.append(droplet)
    return Candidates(tuple(ours), tuple(of_other_stacks), tuple(strangers))


def find_looked_up_vpcs(plan: Plan, account: Account) -> dict[str, str]:
    """Return the id of the VPC of each host that another stack of this fleet owns, by its name.

    One of which there is no droplet, or more than one, is left out.
    """
    tags = {host.name: naming.host_tag(plan.fleet, host.name) for host in plan.looked_up}
    droplets = {
        name: [droplet for droplet in account.droplets if has_tag(droplet, tag)]
        for name, tag in tags.items()
    }
    return {name: held[0].vpc for name, held in droplets.items() if len(held) == 1}


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:  # a name, or nothing
        return None


def has_tag(droplet: LiveDroplet, tag: str) -> bool:
    """Say whether a droplet has a tag; DigitalOcean compares tags without case."""
    return any(tag.lower() == live.lower() for live in droplet.tags)


def is_slot(droplet: LiveDroplet) -> bool:
    """Say whether a droplet is a slot of a GPU pool, which has a stack of its own."""
    return any(naming.is_slot_tag(tag) for tag in droplet.tags)


def owner_in_fleet(droplet: LiveDroplet, fleet: str) -> str | None:
    """Return the owner's tag of a stack of this fleet, if the droplet has one."""
    prefix = naming.owner_tag(fleet, "").lower()
    return next((tag for tag in droplet.tags if tag.lower().startswith(prefix)), None)


def is_on_account(child: StateResource, account: Account) -> bool:
    """Say whether the account still has what a state does; where that is not known, it has."""
    if child.type == DROPLET:
        return child.id in {str(droplet.id) for droplet in account.all_droplets}
    if child.type == FIREWALL:
        return child.id in {firewall.id for firewall in account.firewalls}
    members = {LOGICAL_DATABASE: account.databases, USER: account.users}.get(child.type)
    if members is None:
        return True
    number, name = child.inputs.get("clusterId"), child.inputs.get("name")
    cluster = next((held for held in account.clusters.values() if held.id == number), None)
    return cluster is not None and name in members.get(cluster.name, {name})
