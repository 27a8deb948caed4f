"""What one stack should hold, as frozen values. Lists are sorted; nothing here is decided later."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra_apply.diagnostics import Place
from infra_apply.manifest import Environment, Provider


@dataclass(frozen=True, slots=True, order=True)
class ServicePlan:
    """A service on a host."""

    project: str
    environment: Environment
    port: int | None
    systemd_unit: str | None
    runtime: str | None


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One droplet, whatever it carries. Of one that is looked up, only the name is known.

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
    lookup: bool = False
    protect: bool = True
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

    Without regions, any that has one of the sizes is tried.
    """

    project: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    max_slots: int
    image: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A dependent that may call; its host is None where no machine is named."""

    project: str
    host: str | None


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
    def rendered_hosts(self) -> tuple[HostPlan, ...]:
        """The hosts this stack owns."""
        return tuple(host for host in self.hosts if not host.lookup)
