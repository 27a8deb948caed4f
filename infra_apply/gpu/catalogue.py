"""What the account has that a new slot needs: sizes with prices, ssh keys, a firewall."""

from __future__ import annotations

from infra_apply.digitalocean.client import Client
from infra_apply.gpu.placement import Offer


def read_offers(client: Client) -> dict[str, Offer]:
    """Return every size by its slug, as it can be had now. Raises Outage."""
    return {
        one["slug"]: Offer(
            size=one["slug"],
            regions=tuple(one.get("regions") or ()),
            available=bool(one.get("available")),
            hourly=float(one.get("price_hourly") or 0.0),
        )
        for one in client.list("/v2/sizes", "sizes")
    }


def read_ssh_keys(client: Client) -> dict[str, int]:
    """Return the ids of the account's ssh keys by name. Raises Outage."""
    return {one["name"]: int(one["id"]) for one in client.list("/v2/account/keys", "ssh_keys")}


def has_firewall(client: Client, tag: str) -> bool:
    """Say whether a firewall attaches by this tag. Raises Outage."""
    firewalls = client.list("/v2/firewalls", "firewalls")
    return any(tag in (one.get("tags") or ()) for one in firewalls)
