"""What one stack should hold, as frozen values. Lists are sorted; nothing here is decided later."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra_apply.diagnostics.model import Place
from infra_apply.inputs.manifest import Environment, Provider


@dataclass(frozen=True, slots=True, order=True)
class ServicePlan:
    """A service on a host."""

    project: str
    environment: Environment
    port: int | None
    systemd_unit: str | None
    runtime: str | None


@dataclass(frozen=True, slots=True, order=True)
class Inbound:
    """One rule that lets traffic in, from these addresses (CIDR) or droplets with these tags."""

    protocol: str
    ports: str
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirewallPlan:
    """A firewall that attaches by tag; outbound is open."""

    name: str
    tag: str
    inbound: tuple[Inbound, ...]


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One droplet, whatever it carries. Of one that is looked up, only the name is known.

    `adopt` is the id of a droplet that is there already, and `own_keys` are the settings that its
    own entry has: everything else of it stays as it is.
    `ssh_keys` and `vpc` are names; `user_data` is the script itself and may hold secrets.
    """

    name: str
    services: tuple[ServicePlan, ...]
    region: str | None = None
    size: str | None = None
    image: str | None = None
    ssh_keys: tuple[str, ...] = ()
    vpc: str | None = None
    backups: bool = False
    user_data: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    adopt: int | None = None
    own_keys: frozenset[str] = frozenset()
    lookup: bool = False
    protect: bool = True
    firewall: FirewallPlan | None = None
    place: Place = field(default=Place(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DatabasePlan:
    """A logical database and its own user, on a cluster that is only looked up."""

    project: str
    cluster: str
    name: str
    user: str
    place: Place = field(default=Place(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """The limits of an on-demand GPU pool; sizes and regions in the order they are tried.

    `ssh_keys` are names, which slots are made with; `budget` is USD a UTC day.

    Without regions, any that has one of the sizes is tried.
    """

    project: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    max_slots: int
    image: str | None = None
    ssh_keys: tuple[str, ...] = ()
    budget: float | None = None
    firewall: FirewallPlan | None = None


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A dependent that may call; its host is None where no machine is named.

    `tags` are those of its droplets: of its host, if that is one, and of its pool's slots.
    `via_mesh` says that it only reaches the host through the mesh's tunnel.
    """

    project: str
    host: str | None
    tags: tuple[str, ...] = field(default=(), compare=False)
    addresses: tuple[str, ...] = field(default=(), compare=False)

    @property
    def via_mesh(self) -> bool:
        """Whether DigitalOcean's firewall never sees it as itself."""
        return not self.tags and not self.addresses


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """Who may reach one service's port on a rendered host."""

    host: str
    port: int
    project: str
    environment: Environment
    sources: tuple[Source, ...]
    public: bool


@dataclass(frozen=True, slots=True)
class NotRendered:
    """An instance whose service this stack does not render, and why."""

    project: str
    environment: Environment
    provider: Provider
    reason: str


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """What a project's processes need to know: where it runs, and its dependencies' URLs."""

    project: str
    provider: Provider
    host: str | None
    url: str | None
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack should hold, from the fleet alone."""

    stack: str
    environment: Environment
    fleet: str
    hosts: tuple[HostPlan, ...]
    databases: tuple[DatabasePlan, ...]
    pools: tuple[PoolPlan, ...]
    access: tuple[AccessPlan, ...]
    not_rendered: tuple[NotRendered, ...]
    instances: tuple[InstancePlan, ...]

    @property
    def firewall_tags(self) -> tuple[str, ...]:
        """Every tag a firewall attaches by or admits, sorted."""
        owners: tuple[HostPlan | PoolPlan, ...] = (*self.hosts, *self.pools)
        firewalls = [owner.firewall for owner in owners if owner.firewall]
        found = {one.tag for one in firewalls}
        found |= {tag for one in firewalls for rule in one.inbound for tag in rule.tags}
        return tuple(sorted(found))

    @property
    def rendered_hosts(self) -> tuple[HostPlan, ...]:
        """The hosts this stack owns."""
        return tuple(host for host in self.hosts if not host.lookup)
