"""A plan -> the part of the account it is about."""

from __future__ import annotations

from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.live import read_droplets
from infra_apply.digitalocean.model import Account, Cluster, LiveFirewall, Size
from infra_apply.plan.model import Plan


def observe(client: Client, plan: Plan) -> Account:
    """Look at what the plan needs. Raises Outage; the account is never changed.

    The clusters are always read, so that a wrong token or endpoint is known at once.
    """
    clusters = _clusters(client)
    hosts = plan.hosts
    if not hosts and not plan.pools:
        return Account(clusters)
    return Account(
        clusters=clusters,
        ssh_keys=_ssh_keys(client) if any(host.droplet.ssh_keys for host in hosts) else {},
        vpcs=_vpcs(client) if any(host.droplet.vpc for host in hosts) else {},
        droplets=tuple(read_droplets(client)),
        firewalls=_firewalls(client),
        sizes=_sizes(client),
    )


def _clusters(client: Client) -> dict[str, Cluster]:
    # GET /v2/databases is the one list that never paginates (the provider's traces show it).
    found = client.get("/v2/databases").get("databases") or ()
    return {
        one["name"]: Cluster(
            id=one["id"],
            name=one["name"],
            engine=one["engine"],
            host=(one.get("connection") or {}).get("host") or "",
            port=(one.get("connection") or {}).get("port") or 0,
            ssl=bool((one.get("connection") or {}).get("ssl", True)),
        )
        for one in found
    }


def _ssh_keys(client: Client) -> dict[str, int]:
    return {one["name"]: one["id"] for one in client.list("/v2/account/keys", "ssh_keys")}


def _vpcs(client: Client) -> dict[str, str]:
    return {one["name"]: one["id"] for one in client.list("/v2/vpcs", "vpcs")}


def _firewalls(client: Client) -> tuple[LiveFirewall, ...]:
    return tuple(
        LiveFirewall(
            one["name"], frozenset(one.get("droplet_ids") or ()), frozenset(one.get("tags") or ())
        )
        for one in client.list("/v2/firewalls", "firewalls")
    )


def _sizes(client: Client) -> dict[str, Size]:
    return {
        one["slug"]: Size(
            memory=one["memory"],
            vcpus=one["vcpus"],
            disk=one["disk"],
            monthly=one["price_monthly"],
            hourly=one["price_hourly"],
        )
        for one in client.list("/v2/sizes", "sizes")
    }
