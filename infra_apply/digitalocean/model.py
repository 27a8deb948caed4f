"""DigitalOcean as it is, as far as a plan asks: frozen values without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra_apply.digitalocean.live import LiveDroplet


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
class Size:
    """What a droplet of a size has: memory in MiB, virtual processors, disk in GiB; its USD."""

    memory: int
    vcpus: int
    disk: int
    monthly: float = 0.0
    hourly: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveFirewall:
    """A firewall, and the droplets it is on: by id and by tag."""

    name: str
    droplet_ids: frozenset[int]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Account:
    """What was found, by name. What the plan does not need was not looked at."""

    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    ssh_keys: Mapping[str, int] = field(default_factory=dict)
    vpcs: Mapping[str, str] = field(default_factory=dict)
    droplets: tuple[LiveDroplet, ...] = ()
    firewalls: tuple[LiveFirewall, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
