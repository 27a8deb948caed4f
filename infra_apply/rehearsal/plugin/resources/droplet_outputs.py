"""The outputs of a Droplet that the API decides."""

from __future__ import annotations

from typing import Final

from infra_apply.rehearsal.plugin.sets import sorted_set
from infra_apply.rehearsal.plugin.values import Object

FEATURES: Final = {
    "backups": "backups",
    "ipv6": "ipv6",
    "private_networking": "privateNetworking",
    "monitoring": "monitoring",
}


def droplet_outputs(droplet: Object) -> Object:
    """Return the outputs for a droplet of the API."""
    features = droplet["features"]
    public = _address(droplet, "v4", "public")
    return {
        "createdAt": droplet["created_at"],
        "disk": droplet["disk"],
        "dropletUrn": f"do:droplet:{droplet['id']}",
        "id": str(droplet["id"]),
        "ipv4Address": public,
        "ipv4AddressPrivate": _address(droplet, "v4", "private"),
        "ipv6Address": _address(droplet, "v6", "public").lower(),
        "locked": droplet["locked"],
        "memory": droplet["memory"],
        "name": droplet["name"],
        "priceHourly": droplet["size"]["price_hourly"],
        "priceMonthly": droplet["size"]["price_monthly"],
        "publicNetworking": bool(public),
        "region": droplet["region"]["slug"],
        "size": droplet["size"]["slug"],
        "status": droplet["status"],
        "tags": sorted_set(droplet["tags"]) or None,
        "vcpus": droplet["vcpus"],
        "volumeIds": sorted_set(droplet["volume_ids"]),
        "vpcUuid": droplet["vpc_uuid"],
        **{name: feature in features for feature, name in FEATURES.items()},
    }


def keep_empty_tags(olds: Object, live: Object) -> Object:
    """Return the live outputs, with the state's empty list rather than null if there is no tag."""
    return live | ({"tags": []} if live["tags"] is None and olds.get("tags") is not None else {})


def _address(droplet: Object, version: str, kind: str) -> str:
    for network in droplet["networks"][version]:
        if network["type"] == kind:
            return str(network["ip_address"])
    return ""
