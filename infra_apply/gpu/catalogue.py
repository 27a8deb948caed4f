"""What the account has that a new slot needs: sizes that can be had, and a firewall."""

from __future__ import annotations

from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.read import read_firewalls, read_sizes
from infra_apply.gpu.placement import Offer


def read_offers(client: Client) -> dict[str, Offer]:
    """Return every size by its slug, as it can be had now. Raises Outage."""
    return {
        slug: Offer(slug, size.regions, size.available, size.hourly)
        for slug, size in read_sizes(client).items()
    }


def has_firewall(client: Client, tag: str) -> bool:
    """Say whether a firewall attaches by this tag. Raises Outage."""
    return any(tag in firewall.tags for firewall in read_firewalls(client))
