"""A plan -> the part of the account it is about."""

from __future__ import annotations

from infra_apply.account.client import Client
from infra_apply.account.model import Account, Cluster
from infra_apply.plan.model import Plan


def observe(client: Client, plan: Plan) -> Account:
    """Look at what the plan needs. Raises Outage; the account is never changed.

    The clusters are always read, so that a wrong token or endpoint is known at once.
    """
    keys = any(host.ssh_keys for host in plan.rendered_hosts)
    vpcs = any(host.vpc for host in plan.rendered_hosts)
    return Account(
        clusters=_clusters(client),
        ssh_keys={one["name"]: one["id"] for one in client.list("/v2/account/keys", "ssh_keys")}
        if keys
        else {},
        vpcs={one["name"]: one["id"] for one in client.list("/v2/vpcs", "vpcs")} if vpcs else {},
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
