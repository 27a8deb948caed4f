"""The account, and one reader a kind of thing in it. Each raises Outage and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from infra_apply.digitalocean.client import Client, TokenRefused
from infra_apply.digitalocean.model import (
    WITH_DATABASES,
    Account,
    Cluster,
    LiveDroplet,
    LiveFirewall,
    Members,
    Size,
    Snapshot,
)


def read_account(
    client: Client,
    *,
    droplets: bool,
    ssh_keys: bool,
    vpcs: bool,
    databases: Mapping[str, Members] | None = None,
) -> Account:
    """Return the clusters and what else is asked for.

    Firewalls, sizes and the limit of droplets come with the droplets. `databases` names the
    clusters whose databases and users are read, with those that are expected there. The clusters
    themselves are always read, so that a wrong token or endpoint is known at once.
    """
    clusters = read_clusters(client)
    expected = databases or {}
    asked = [
        (cluster, expected[name])
        for name, cluster in clusters.items()
        if name in expected and cluster.engine in WITH_DATABASES
    ]
    return Account(
        clusters=clusters,
        databases={
            cluster.name: read_databases(client, cluster, members.databases)
            for cluster, members in asked
        },
        users={
            cluster.name: read_users(client, cluster, members.users) for cluster, members in asked
        },
        droplets=tuple(read_droplets(client)) if droplets else (),
        gpu_droplets=tuple(read_gpu_droplets(client)) if droplets else (),
        droplet_limit=read_droplet_limit(client) if droplets else None,
        firewalls=read_firewalls(client) if droplets else (),
        sizes=read_sizes(client) if droplets else {},
        ssh_keys=read_ssh_keys(client) if ssh_keys else {},
        vpcs=read_vpcs(client) if vpcs else {},
    )


def read_droplets(client: Client) -> list[LiveDroplet]:
    """Return every droplet that is no GPU droplet, by name."""
    return _sorted(client.list("/v2/droplets", "droplets"))


def read_droplets_by_id(client: Client, ids: Iterable[int]) -> list[LiveDroplet]:
    """Return the droplets of these ids that there are: a list may not show a new one yet."""
    answers = (client.find(f"/v2/droplets/{number}") for number in sorted(ids))
    return _sorted(answer["droplet"] for answer in answers if answer and "droplet" in answer)


def read_gpu_droplets(client: Client) -> list[LiveDroplet]:
    """Return every GPU droplet, slot or not, by name.

    The list has them only if they are asked for, and `type=gpus` cannot be combined with
    `tag_name` (DigitalOcean's OpenAPI).
    """
    return _sorted(client.list("/v2/droplets", "droplets", type="gpus"))


def read_clusters(client: Client) -> dict[str, Cluster]:
    """Return every managed database cluster by its name."""
    # GET /v2/databases is the one list that never paginates (the provider's traces show it).
    clusters = client.get("/v2/databases").get("databases") or ()
    return {cluster["name"]: _cluster(cluster) for cluster in clusters}


def read_databases(
    client: Client, cluster: Cluster, expected: Collection[str] = ()
) -> frozenset[str]:
    """Return the names of the logical databases in a cluster.

    Those `expected` are asked for by name where the list does not show them: it may be late.
    """
    return _names(client, f"/v2/databases/{cluster.id}/dbs", "dbs", expected)


def read_users(client: Client, cluster: Cluster, expected: Collection[str] = ()) -> frozenset[str]:
    """Return the names of the users of a cluster, likewise; their passwords are not kept."""
    return _names(client, f"/v2/databases/{cluster.id}/users", "users", expected)


def _names(client: Client, path: str, key: str, expected: Collection[str]) -> frozenset[str]:
    listed = {str(member["name"]) for member in client.list(path, key)}
    late = (name for name in sorted(expected) if name not in listed)
    return frozenset(listed | {name for name in late if client.find(f"{path}/{quote(name, '')}")})


def read_droplet_limit(client: Client) -> int | None:
    """Return how many droplets the account may have; None where it, or the token, does not say.

    A token may be allowed to manage droplets and not to read the account (its scopes).
    """
    try:
        limit = (client.get("/v2/account").get("account") or {}).get("droplet_limit")
    except TokenRefused:
        return None
    return limit if isinstance(limit, int) else None


def read_account_id(client: Client) -> str | None:
    """Return what tells this account from others: its team's id, or else its own.

    None where the token may not read it.
    """
    try:
        account = client.get("/v2/account").get("account") or {}
    except TokenRefused:
        return None
    number = (account.get("team") or {}).get("uuid") or account.get("uuid")
    return str(number) if number else None


def read_firewalls(client: Client) -> tuple[LiveFirewall, ...]:
    """Return every firewall."""
    return tuple(
        LiveFirewall(
            firewall["name"],
            frozenset(firewall.get("droplet_ids") or ()),
            frozenset(firewall.get("tags") or ()),
            str(firewall.get("id") or ""),
        )
        for firewall in client.list("/v2/firewalls", "firewalls")
    )


def read_sizes(client: Client) -> dict[str, Size]:
    """Return every size by its slug, priced as the account is billed."""
    return {
        size["slug"]: Size(
            memory=size.get("memory") or 0,
            vcpus=size.get("vcpus") or 0,
            disk=size.get("disk") or 0,
            monthly=float(size.get("price_monthly") or 0.0),
            hourly=float(size.get("price_hourly") or 0.0),
            regions=tuple(size.get("regions") or ()),
            available=bool(size.get("available")),
        )
        for size in client.list("/v2/sizes", "sizes")
    }


def read_snapshots(client: Client, droplet_id: int) -> list[Snapshot]:
    """Return the snapshots that were made of a droplet that is there."""
    return [
        Snapshot(
            id=int(snapshot.get("id") or 0),
            name=str(snapshot.get("name") or ""),
            gigabytes=float(snapshot.get("size_gigabytes") or 0.0),
            made_at=_seconds(snapshot.get("created_at")),
        )
        for snapshot in client.list(f"/v2/droplets/{droplet_id}/snapshots", "snapshots")
    ]


def is_being_snapshotted(client: Client, droplet_id: int) -> bool:
    """Say whether a snapshot of a droplet is under way."""
    actions = client.list(f"/v2/droplets/{droplet_id}/actions", "actions")
    return any(
        action.get("type") == "snapshot" and action.get("status") == "in-progress"
        for action in actions
    )


def read_newest_backup(client: Client, cluster: Cluster) -> float | None:
    """Return when a cluster's newest backup was made, in seconds since 1970; None without one."""
    backups = client.get(f"/v2/databases/{cluster.id}/backups").get("backups") or ()
    times = (_seconds(backup.get("created_at")) for backup in backups)
    return max((time for time in times if time is not None), default=None)


def read_tags(client: Client) -> list[str]:
    """Return the names of all tags of the account, whatever has them."""
    return [str(tag.get("name") or "") for tag in client.list("/v2/tags", "tags")]


def read_ssh_keys(client: Client) -> dict[str, int]:
    """Return the ids of the account's ssh keys by their names."""
    return {key["name"]: key["id"] for key in client.list("/v2/account/keys", "ssh_keys")}


def read_vpcs(client: Client) -> dict[str, str]:
    """Return the ids of the account's VPCs by their names."""
    return {vpc["name"]: vpc["id"] for vpc in client.list("/v2/vpcs", "vpcs")}


def _sorted(droplets: Any) -> list[LiveDroplet]:
    live = (_droplet(droplet) for droplet in droplets)
    return sorted(live, key=lambda droplet: (droplet.name, droplet.id))


def _cluster(cluster: Mapping[str, Any]) -> Cluster:
    connection = cluster.get("connection") or {}
    return Cluster(
        id=cluster["id"],
        name=cluster["name"],
        engine=cluster["engine"],
        host=connection.get("host") or "",
        port=connection.get("port") or 0,
        ssl=bool(connection.get("ssl", True)),
    )


def _droplet(droplet: Mapping[str, Any]) -> LiveDroplet:
    networks = droplet.get("networks") or {}
    interfaces = [*(networks.get("v4") or ()), *(networks.get("v6") or ())]
    interfaces.sort(key=lambda interface: interface.get("type") != "public")
    addresses = (interface.get("ip_address") for interface in interfaces)
    size, image = droplet.get("size") or {}, droplet.get("image") or {}
    return LiveDroplet(
        id=int(droplet.get("id") or 0),
        name=str(droplet.get("name") or ""),
        status=str(droplet.get("status") or "unknown"),
        region=str((droplet.get("region") or {}).get("slug") or ""),
        size=str(droplet.get("size_slug") or size.get("slug") or ""),
        tags=tuple(sorted(droplet.get("tags") or ())),
        addresses=tuple(address for address in addresses if address),
        made_at=_seconds(droplet.get("created_at")),
        hourly=size.get("price_hourly"),
        image=str(image.get("slug") or image.get("id") or ""),
        features=frozenset(droplet.get("features") or ()),
        vpc=str(droplet.get("vpc_uuid") or ""),
        memory=int(droplet.get("memory") or 0),
        vcpus=int(droplet.get("vcpus") or 0),
        disk=int(droplet.get("disk") or 0),
    )


def _seconds(timestamp: object) -> float | None:
    try:
        return datetime.fromisoformat(str(timestamp)).timestamp()
    except ValueError:
        return None
