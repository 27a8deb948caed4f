"""What one stack should hold, as frozen values. Lists are sorted; nothing here is decided later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from infra_apply import naming
from infra_apply.diagnostics.model import Place
from infra_apply.inputs.manifest import Environment, Provider
from infra_apply.inputs.settings import Droplet

Fate: TypeAlias = Literal["keep", "destroy"]
Isolation: TypeAlias = Literal["enforce", "off"]


@dataclass(frozen=True, slots=True, order=True)
class ServicePlan:
    """A service on a host; `callers` are the instances that depend on it, by name, sorted."""

    project: str
    environment: Environment
    port: int | None
    systemd_unit: str | None
    runtime: str | None
    callers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its instance's name: `shop` or `shop-dev`."""
        return naming.instance(self.project, self.environment)


@dataclass(frozen=True, slots=True, order=True)
class InboundRule:
    """One rule that lets traffic in, from these addresses (CIDR) or droplets with these tags."""

    protocol: str
    ports: str
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirewallPlan:
    """A firewall that attaches by tag; outbound is open.

    `resource` is its name in the state, `name` the one in DigitalOcean. `former_tag` is one that it
    attaches to as well, as long as a droplet does not have `tag` yet.
    """

    resource: str
    name: str
    tag: str
    inbound: tuple[InboundRule, ...]
    former_tag: str | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags it attaches to."""
        return (self.tag, self.former_tag) if self.former_tag else (self.tag,)


@dataclass(frozen=True, slots=True)
class HostPlan:
    """A machine this stack owns: one droplet, however many services it carries.

    `droplet` is what it is made with, its final tags included. `adopt` is the id of a droplet that
    is there already, and `own_keys` are the settings that its own entry has: everything else of it
    stays as it is. `create` says that it is made whatever else has its name. `address` is the
    mesh's for it. `resize_disk` lets a resize grow its disk, which cannot be undone. `user_data` is
    the script itself, and may hold secrets.
    """

    name: str
    services: tuple[ServicePlan, ...]
    droplet: Droplet
    user_data: str | None = field(default=None, repr=False)
    adopt: int | None = None
    own_keys: frozenset[str] = frozenset()
    create: bool = False
    address: str | None = None
    resize_disk: bool = False
    protect: bool = True
    firewall: FirewallPlan | None = None
    place: Place = field(default=Place(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LookedUpHost:
    """A machine that another stack owns, with the services it carries."""

    name: str
    services: tuple[ServicePlan, ...]


@dataclass(frozen=True, slots=True)
class DatabasePlan:
    """A logical database and its own user, on a cluster that is only looked up.

    `adopt_database` and `adopt_user` allow taking over one that is there already. `isolation` says
    whether others are kept out of it, and `connections` how many it takes at once, None for a share
    of the cluster's. `closes_default` says that the cluster's default database is closed as well.
    `manifest` is the path of the file that declares it.
    """

    project: str
    environment: Environment
    cluster: str
    name: str
    user: str
    adopt_database: bool = False
    adopt_user: bool = False
    isolation: Isolation = "enforce"
    connections: int | None = None
    closes_default: bool = False
    manifest: str = field(default="", compare=False)
    place: Place = field(default=Place(""), compare=False, repr=False)

    @property
    def instance(self) -> str:
        """Its instance's name: `shop` or `shop-dev`."""
        return naming.instance(self.project, self.environment)


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """An on-demand GPU pool: its limits, and all that its slots are made with.

    `droplet` is what the manifest names: a GPU size, or a profile of the settings. Sizes and
    regions are in the order they are tried; without regions, any that has one of the sizes is
    tried. `max_hours` is the most a slot lives, `budget` is USD a UTC day. `image` is None where
    the size decides; `ssh_keys` are names. `user_data` is the script itself, and may hold secrets.
    `tags` are those that every slot has.

    `place` is where the manifest names the droplet, `droplet_settings` where the stack's settings
    describe droplets, and `ssh_key_places` where they name each ssh key.
    """

    project: str
    environment: Environment
    droplet: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    max_slots: int
    max_hours: float
    image: str | None = None
    ssh_keys: tuple[str, ...] = ()
    user_data: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    budget: float | None = None
    firewall: FirewallPlan | None = None
    place: Place = field(default=Place(""), compare=False, repr=False)
    droplet_settings: Place = field(default=Place(""), compare=False, repr=False)
    ssh_key_places: tuple[Place, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        """Its instance's name: `transcribe` or `transcribe-dev`."""
        return naming.instance(self.project, self.environment)


@dataclass(frozen=True, slots=True, order=True)
class Caller:
    """A dependent that may call a service; its host is None where no machine is named.

    `tags` are those of its droplets: of its host, if that is one, and of its pool's slots.
    `addresses` are its host's on the internet, as CIDR.
    """

    project: str
    host: str | None
    tags: tuple[str, ...] = field(default=(), compare=False)
    addresses: tuple[str, ...] = field(default=(), compare=False)

    @property
    def via_mesh(self) -> bool:
        """Whether it only reaches the host through the mesh's tunnel, behind the firewall."""
        return not self.tags and not self.addresses


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """Who may reach one service's port on a rendered host."""

    host: str
    port: int
    project: str
    environment: Environment
    callers: tuple[Caller, ...]
    public: bool


@dataclass(frozen=True, slots=True)
class NotRendered:
    """An instance whose service this stack does not render, and why.

    `provider` is None where the manifest that says it was not read.
    """

    project: str
    environment: Environment
    provider: Provider | None
    reason: str


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """What a project's processes need to know: where it runs, and its dependencies' URLs.

    `kept` names the variables of quarantined dependencies: they keep the value they have.
    """

    project: str
    provider: Provider
    host: str | None
    url: str | None
    variables: tuple[tuple[str, str], ...]
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack should hold, from the fleet alone.

    `hosts` are those it renders; `looked_up` those its services run on and another stack renders.
    `fleet_is_named` says whether the settings name the fleet, and not a default that others share.
    `declared` names every instance that has a manifest, of all environments. `retired` says what is
    meant to go: an instance or a host -> keep or destroy. `quarantined` has every instance that a
    quarantined project can have, by its name; their manifests were not read, and
    `quarantined_ports` are their ports as far as the mesh's services map knows. `place` is where
    the settings list the projects, and `retired_places` where they retire each name.
    """

    stack: str
    environment: Environment
    fleet: str
    hosts: tuple[HostPlan, ...]
    looked_up: tuple[LookedUpHost, ...]
    databases: tuple[DatabasePlan, ...]
    pools: tuple[PoolPlan, ...]
    access: tuple[AccessPlan, ...]
    not_rendered: tuple[NotRendered, ...]
    instances: tuple[InstancePlan, ...]
    fleet_is_named: bool = True
    declared: frozenset[str] = frozenset()
    retired: Mapping[str, Fate] = field(default_factory=dict)
    quarantined: Mapping[str, tuple[str, Environment]] = field(default_factory=dict)
    quarantined_ports: Mapping[str, int] = field(default_factory=dict)
    place: Place = field(default=Place(""), compare=False, repr=False)
    retired_places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @property
    def firewall_tags(self) -> tuple[str, ...]:
        """Every tag a firewall attaches by or admits, sorted."""
        owners: tuple[HostPlan | PoolPlan, ...] = (*self.hosts, *self.pools)
        firewalls = [owner.firewall for owner in owners if owner.firewall]
        tags = {firewall.tag for firewall in firewalls}
        tags |= {tag for firewall in firewalls for rule in firewall.inbound for tag in rule.tags}
        return tuple(sorted(tags))

    @property
    def all_hosts(self) -> tuple[HostPlan | LookedUpHost, ...]:
        """The hosts this stack owns and those it looks up, sorted by name."""
        hosts: tuple[HostPlan | LookedUpHost, ...] = (*self.hosts, *self.looked_up)
        return tuple(sorted(hosts, key=lambda host: host.name))
