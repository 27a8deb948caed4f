"""What the account holds right now, read for looking at: droplets, GPU slots, databases, prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra_apply.digitalocean.client import Client


@dataclass(frozen=True, slots=True)
class LiveDroplet:
    """A droplet as it is. `addresses` has the public ones first; `hourly` is USD, if it is said.

    `image` is its slug, or its id where it has none; `features` are DigitalOcean's words, such as
    `backups` and `ipv6`.

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


@dataclass(frozen=True, slots=True)
class Live:
    """Droplets, GPU droplets, and the databases of each cluster the fleet names.

    A cluster that does not exist has no entry.
    """

    droplets: tuple[LiveDroplet, ...] = ()
    gpu_droplets: tuple[LiveDroplet, ...] = ()
    databases: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_live(client: Client, clusters: Iterable[str]) -> Live:
    """Read the account; `clusters` says whose databases to list. Raises Outage."""
    wanted = frozenset(clusters)
    droplets = read_droplets(client)
    gpus = read_gpu_droplets(client)
    # GET /v2/databases never paginates.
    found = client.get("/v2/databases").get("databases") or ()
    return Live(
        droplets=tuple(sorted(droplets, key=lambda one: (one.name, one.id))),
        gpu_droplets=tuple(sorted(gpus, key=lambda one: (one.name, one.id))),
        databases={
            one["name"]: _databases(client, one["id"])
            for one in found
            if one.get("name") in wanted and one.get("id")
        },
    )


def read_droplets(client: Client) -> list[LiveDroplet]:
    """Return every droplet that is no GPU droplet. Raises Outage."""
    return [_droplet(one) for one in client.list("/v2/droplets", "droplets")]


def read_gpu_droplets(client: Client) -> list[LiveDroplet]:
    """Return every GPU droplet, slot or not. Raises Outage.

    The list has them only if they are asked for, and `type=gpus` cannot be combined with
    `tag_name` (DigitalOcean's OpenAPI).
    """
    return [_droplet(one) for one in client.list("/v2/droplets", "droplets", type="gpus")]


def read_prices(client: Client) -> dict[str, tuple[float, float]]:
    """Return USD (a month, an hour) by size slug, as the account is billed. Raises Outage."""
    return {
        one["slug"]: (float(one["price_monthly"]), float(one["price_hourly"]))
        for one in client.list("/v2/sizes", "sizes")
        if isinstance(one.get("price_monthly"), int | float)
        and isinstance(one.get("price_hourly"), int | float)
    }


def _databases(client: Client, cluster_id: str) -> frozenset[str]:
    found = client.list(f"/v2/databases/{cluster_id}/dbs", "dbs")
    return frozenset(one["name"] for one in found if isinstance(one.get("name"), str))


def _droplet(one: Mapping[str, Any]) -> LiveDroplet:
    networks = one.get("networks") or {}
    every = [*(networks.get("v4") or ()), *(networks.get("v6") or ())]
    every.sort(key=lambda network: network.get("type") != "public")
    size, image = one.get("size") or {}, one.get("image") or {}
    return LiveDroplet(
        id=int(one.get("id") or 0),
        name=str(one.get("name") or ""),
        status=str(one.get("status") or "unknown"),
        region=str((one.get("region") or {}).get("slug") or ""),
        size=str(one.get("size_slug") or size.get("slug") or ""),
        tags=tuple(sorted(one.get("tags") or ())),
        addresses=tuple(network["ip_address"] for network in every if network.get("ip_address")),
        made_at=_seconds(one.get("created_at")),
        hourly=size.get("price_hourly"),
        image=str(image.get("slug") or image.get("id") or ""),
        features=frozenset(one.get("features") or ()),
    )


def _seconds(written: object) -> float | None:
    try:
        return datetime.fromisoformat(str(written)).timestamp()
    except ValueError:
        return None
