"""DigitalOcean as it is, as far as anything here asks: frozen values without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class LiveDroplet:
    """A droplet as it is. `addresses` has the public ones first; `hourly` is USD, if it is known.

    `image` is its slug, or its id where it has none; `features` are DigitalOcean's words, such as
    `backups` and `ipv6`. `vpc` is its id. `memory` (MiB), `vcpus` and `disk` (GiB) are what it has,
    which need not be what its size has: a resize may leave the disk as it was.

    `made_at` is in seconds since 1970, None where the account does not say.
    """

    id: int
    name: str
    status: str
    region: str
    size: str
    tags: tuple[str, ...]
    addresses: tuple[str, ...]
    made_at: float | None = None
    hourly: float | None = None
    image: str = ""
    features: frozenset[str] = frozenset()
    vpc: str = ""
    memory: int = 0
    vcpus: int = 0
    disk: int = 0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A managed database cluster. `host` and `port` are where clients outside its VPC connect."""

    id: str
    name: str
    engine: str
    host: str
    port: int
    ssl: bool


@dataclass(frozen=True, slots=True)
class Members:
    """Names of databases and users that are expected in a cluster."""

    databases: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


WITH_DATABASES: Final = frozenset({"pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql"})
"""Engines whose API has logical databases and users of their own (DigitalOcean's OpenAPI)."""


@dataclass(frozen=True, slots=True)
class Size:
    """A droplet size: memory in MiB, virtual processors, disk in GiB, its USD, and where it is.

    `regions` are slugs; `available` is False where no region has room for it now.
    """

    memory: int
    vcpus: int
    disk: int
    monthly: float = 0.0
    hourly: float = 0.0
    regions: tuple[str, ...] = ()
    available: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of a droplet. `gigabytes` is what it bills by, `made_at` seconds since 1970."""

    id: int
    name: str
    gigabytes: float = 0.0
    made_at: float | None = None


@dataclass(frozen=True, slots=True)
class LiveFirewall:
    """A firewall, and the droplets it is on: by id and by tag."""

    name: str
    droplet_ids: frozenset[int]
    tags: frozenset[str]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """What was found, by name; what nobody asked about was not looked at.

    `droplets` has no GPU droplets. `databases` and `users` have the names in each cluster that was
    asked about. `droplet_limit` is how many droplets the account may have, of either kind; None
    where it does not say.
    """

    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    ssh_keys: Mapping[str, int] = field(default_factory=dict)
    vpcs: Mapping[str, str] = field(default_factory=dict)
    droplets: tuple[LiveDroplet, ...] = ()
    firewalls: tuple[LiveFirewall, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    gpu_droplets: tuple[LiveDroplet, ...] = ()
    databases: Mapping[str, frozenset[str]] = field(default_factory=dict)
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    droplet_limit: int | None = None

    @property
    def all_droplets(self) -> tuple[LiveDroplet, ...]:
        """The droplets of either kind; one that both lists have is there once."""
        by_id = {droplet.id: droplet for droplet in (*self.gpu_droplets, *self.droplets)}
        return tuple(by_id[number] for number in sorted(by_id))
