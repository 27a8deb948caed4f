"""getDroplet and getDroplets: GPU Droplets only when asked for."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.data_sources.filters import answered, arranged
from infra_apply.rehearsal.plugin.data_sources.order import set_order
from infra_apply.rehearsal.plugin.resources.droplet_outputs import shown
from infra_apply.rehearsal.plugin.schema import Failed, Object


def droplet(client: Client, args: Object) -> Object:
    gpu = bool(args.get("gpu"))
    if args.get("id"):
        found = client.call("GET", f"/v2/droplets/{args['id']}")["droplet"]
        return shown_droplet(found) | {"gpu": gpu}
    everything = client.listed("/v2/droplets", "droplets", **({"type": "gpus"} if gpu else {}))
    by = "name" if args.get("name") else "tag"
    wanted = args.get(by)
    matching = [
        found
        for found in everything
        if (found["name"] == wanted if by == "name" else wanted in found["tags"])
    ]
    if not matching:
        raise Failed(f"no droplet found with {by} {wanted}")
    if len(matching) > 1:
        count = f"(found {len(matching)}, expected 1)"
        raise Failed(f"too many droplets found with {by} {wanted} {count}")
    asked = {"tag": wanted} if by == "tag" else {}
    return shown_droplet(matching[0]) | {"gpu": gpu} | asked


def all_droplets(client: Client, args: Object) -> Object:
    gpus = bool(args.get("gpus"))
    found = client.listed("/v2/droplets", "droplets", **({"type": "gpus"} if gpus else {}))
    # In a list every field is there, empty ones too.
    empty = {"gpuPartitionMode": "", "ipv6Address": "", "ipv6AddressPrivate": ""}
    items = arranged([empty | shown_droplet(item) for item in found], args)
    return answered("droplets", items, args) | ({"gpus": True} if gpus else {})


def shown_droplet(found: Object) -> Object:
    live = shown(found)
    names = ("dropletUrn", "publicNetworking", "ipv6Address", "tags", "volumeIds")
    own = {name: value for name, value in live.items() if name not in names}
    image = found["image"]
    address = {"ipv6Address": live["ipv6Address"]} if live["ipv6Address"] else {}
    return (
        own
        | address
        | {
            "id": found["id"],
            "image": image["slug"] or str(image["id"]),
            "tags": set_order(found["tags"]),
            "urn": live["dropletUrn"],
            "volumeIds": set_order(found["volume_ids"]),
        }
    )
