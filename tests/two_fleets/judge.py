"""Whose a thing on an account is, read off the account alone: no code of the product is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def held_by(account: Any, fleet: str) -> Any:
    """Everything on the account that is a fleet's, word for word."""
    clusters = account.get("databases", ())
    return {
        "droplets": [held for held in account.get("droplets", ()) if _is_of(held, fleet)],
        "firewalls": [
            {key: value for key, value in held.items() if key != "pending_changes"}
            for held in account.get("firewalls", ())
            if held["name"].startswith(f"{fleet}-")
        ],
        "databases": [
            held
            for cluster in clusters
            for held in (*cluster["dbs"], *cluster["users"])
            if held["name"].startswith(f"{fleet}-")
        ],
    }


def _is_of(droplet: Any, fleet: str) -> bool:
    return any(tag.startswith(f"infra-apply:{fleet}:") for tag in droplet["tags"])


def reaches(account: Any) -> Iterator[str]:
    """Name each firewall that attaches to or admits a droplet of the other fleet."""
    for firewall in account.get("firewalls", ()):
        sources = [
            tag
            for rule in firewall["inbound_rules"]
            for tag in (rule.get("sources") or {}).get("tags") or ()
        ]
        for droplet in account["droplets"]:
            fleet = firewall["name"].partition("-")[0]
            named = {*firewall["tags"], *sources} & {*droplet["tags"]}
            if not _is_of(droplet, fleet) and (named or droplet["id"] in firewall["droplet_ids"]):
                yield f"{firewall['name']} reaches droplet {droplet['name']} by {sorted(named)}"
