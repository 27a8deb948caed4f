"""Which droplets a host could be: those of its name, and those of its address in the mesh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from infra_apply import naming
from infra_apply.adoption.model import NotProposed
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.fleet.rules.gpu_ondemand import is_gpu_size
from infra_apply.inputs.mesh import Host
from infra_apply.plan.model import HostPlan


@dataclass(frozen=True, slots=True)
class Match:
    """A droplet that a host could be, and by what it is recognised."""

    droplet: LiveDroplet
    reason: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """The droplets that a host of the plan could be, and those that look like it and are not.

    Both are empty for a host whose droplet is this stack's already.
    """

    name: str
    matches: tuple[Match, ...] = ()
    excluded: tuple[NotProposed, ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose droplets are: this stack's tag, and by id the host that adopts or remembers each."""

    tag: str
    adopted: Mapping[int, str]
    remembered: Mapping[int, str]


def recognise(
    host: HostPlan, owners: Owners, mesh_host: Host | None, account: Account
) -> Recognised:
    """Find the droplets that a host could be. Slots of GPU pools are none, whatever their name."""
    droplets = [*account.droplets, *_gpu_droplets(host, account)]
    if any(_is_ours(droplet, host, owners) for droplet in droplets):
        return Recognised(host.name)
    matches, excluded = [], []
    for match in _matches(host, mesh_host, droplets):
        droplet = match.droplet
        tag = _owner_tag(droplet)
        if droplet.id in owners.remembered or (tag and _same(tag, owners.tag)):
            excluded.append(_of_this_stack(host, droplet))
        elif tag:
            excluded.append(_of_another_stack(host, droplet, tag))
        elif droplet.id in owners.adopted:
            excluded.append(_adopted(host, droplet, owners.adopted[droplet.id]))
        else:
            matches.append(match)
    return Recognised(host.name, tuple(matches), tuple(excluded))


def _gpu_droplets(host: HostPlan, account: Account) -> tuple[LiveDroplet, ...]:
    return account.gpu_droplets if is_gpu_size(host.droplet.size) else ()


def _is_ours(droplet: LiveDroplet, host: HostPlan, owners: Owners) -> bool:
    """Say whether it is this stack's droplet of this host, renamed outside or not."""
    if owners.remembered.get(droplet.id) == host.name:
        return True
    own = naming.host_tag(host.name)
    return any(_same(tag, owners.tag) for tag in droplet.tags) and (
        _same(droplet.name, host.name) or any(_same(tag, own) for tag in droplet.tags)
    )


def _matches(
    host: HostPlan, mesh_host: Host | None, droplets: list[LiveDroplet]
) -> Iterator[Match]:
    address = _address(mesh_host.address) if mesh_host and mesh_host.address else None
    for droplet in droplets:
        if any(naming.slot_of_tag(tag.casefold()) for tag in droplet.tags):
            continue
        if _same(droplet.name, host.name):
            yield Match(droplet, f"droplet {droplet.id} is called `{droplet.name}`")
        elif address is not None and address in map(_address, droplet.addresses):
            reason = f"droplet {droplet.id}, called `{droplet.name}`, has its address in the mesh"
            yield Match(droplet, f"{reason}, {address}")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, so that two ways of writing one IPv6 address are the same."""
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _owner_tag(droplet: LiveDroplet) -> str | None:
    return next((tag for tag in droplet.tags if naming.is_owner_tag(tag.casefold())), None)


def _same(left: str, right: str) -> bool:
    """Compare tags and names of machines without case, as DigitalOcean and DNS do."""
    return left.casefold() == right.casefold()


def _of_this_stack(host: HostPlan, droplet: LiveDroplet) -> NotProposed:
    return NotProposed(
        host.name,
        (droplet,),
        f"droplet {droplet.id} looks like `{host.name}`, and is another host of this stack",
        "correct the address in the mesh, or the droplet's tags",
    )


def _of_another_stack(host: HostPlan, droplet: LiveDroplet, tag: str) -> NotProposed:
    return NotProposed(
        host.name,
        (droplet,),
        f"droplet {droplet.id} looks like `{host.name}`, and another stack owns it (tag `{tag}`)",
        f"write `{host.name}: {{lookup: true}}` if that stack is of this fleet; "
        "else call the host otherwise",
    )


def _adopted(host: HostPlan, droplet: LiveDroplet, other: str) -> NotProposed:
    return NotProposed(
        host.name,
        (droplet,),
        f"droplet {droplet.id} looks like `{host.name}`, and `{other}` adopts it",
        f"correct `{other}: {{adopt: {droplet.id}}}`, or the address in the mesh",
    )
