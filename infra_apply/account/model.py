"""DigitalOcean as it is, as far as a plan asks: frozen values without anything secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
class Account:
    """What was found, by name. What the plan does not need was not looked at."""

    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    ssh_keys: Mapping[str, int] = field(default_factory=dict)
    vpcs: Mapping[str, str] = field(default_factory=dict)
