"""The outputs of a Droplet that the API decides."""

from __future__ import annotations

from typing import Final

from infra_apply.rehearsal.plugin.schema import Object, in_order

FEATURES: Final = {
    "backups": "backups",
    "ipv6": "ipv6",
    "private_networking": "privateNetworking",
    "monitoring": "monitoring",
}


def shown(droplet: Object) -> Object:
    """The outputs that a droplet of the API decides."""
    features = droplet["features"]
    public = address(droplet, "v4", "public")
    return {
        "createdAt": droplet["created_at"],
        "disk": droplet["disk"],
        "dropletUrn": f"do:droplet:{droplet['id']}",
        "id": str(droplet["id"]),
        "ipv4Address": public,
        "ipv4AddressPrivate": address(droplet, "v4", "private"),
        "ipv6Address": address(droplet, "v6", "public").lower(),
        "locked": droplet["locked"],
        "memory": droplet["memory"],
        "name": droplet["name"],
        "priceHourly": droplet["size"]["price_hourly"],
        "priceMonthly": droplet["size"]["price_monthly"],
        "publicNetworking": bool(public),
        "region": droplet["region"]["slug"],
        "size": droplet["size"]["slug"],
        "status": droplet["status"],
        "tags": in_order(droplet["tags"]) or None,
        "vcpus": droplet["vcpus"],
        "volumeIds": in_order(droplet["volume_ids"]),
        "vpcUuid": droplet["vpc_uuid"],
        **{name: feature in features for feature, name in FEATURES.items()},
    }


def unset_kept(olds: Object, live: Object) -> Object:
    """No tags at all read as what the state had for that: null, or an empty list."""
    return live | ({"tags": []} if live["tags"] is None and olds.get("tags") is not None else {})


def address(droplet: Object, version: str, kind: str) -> str:
    for network in droplet["networks"][version]:
        if network["type"] == kind:
            return str(network["ip_address"])
    return ""
