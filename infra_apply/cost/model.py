"""Prices, and what plans cost by them. All money is USD before taxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """USD (a month, an hour) by size slug, and where they are from."""

    by_size: Mapping[str, tuple[float, float]]
    source: str


@dataclass(frozen=True, slots=True)
class HostCost:
    """A droplet's price a month, backups included; None if the size has no known price."""

    name: str
    environment: str
    size: str
    backups: bool
    monthly: float | None


@dataclass(frozen=True, slots=True)
class ShareCost:
    """What falls on one project or environment: its shares of the hosts it runs on.

    `complete` is False where one of the hosts has no known price.
    """

    name: str
    monthly: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class PoolCost:
    """An on-demand pool: USD an hour for a slot (cheapest and dearest size), and most a UTC day.

    The most a day is every slot at the dearest size around the clock, or the pool's budget.
    """

    project: str
    environment: str
    slots: int
    hourly: tuple[float, float] | None
    most_per_day: float | None
    budgeted: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What plans cost. `monthly` leaves out what has no known price; `unknown` names those sizes.

    Pools are not in `monthly`: they are empty until work waits.
    """

    source: str
    monthly: float
    hosts: tuple[HostCost, ...]
    projects: tuple[ShareCost, ...]
    environments: tuple[ShareCost, ...]
    pools: tuple[PoolCost, ...]
    unknown: tuple[str, ...] = ()
