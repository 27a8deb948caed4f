"""Droplets that somebody made by hand."""

from __future__ import annotations

from typing import Any

from infra_apply.digitalocean.model import LiveDroplet


def droplet(number: int, name: str, *addresses: str, **changes: Any) -> LiveDroplet:
    """A running droplet in nyc1; `changes` are its other fields."""
    fields: dict[str, Any] = {
        "status": "active",
        "region": "nyc1",
        "size": "s-1vcpu-1gb",
        "tags": (),
        **changes,
    }
    return LiveDroplet(number, name, addresses=addresses, **fields)
