"""getDroplet and getDroplets. GPU Droplets are found only with `gpu` and `gpus`."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.data_sources.filters import filter_and_sort, list_result
from infra_apply.rehearsal.plugin.data_sources.order import hash_order
from infra_apply.rehearsal.plugin.errors import ProviderError
from infra_apply.rehearsal.plugin.resources.droplet_outputs import droplet_outputs
from infra_apply.rehearsal.plugin.values import Object


def droplet(client: Client, args: Object) -> Object:
    gpu = bool(args.get("gpu"))
    if args.get("id"):
        body = client.call("GET", f"/v2/droplets/{args['id']}")["droplet"]
        return _droplet_result(body) | {"gpu": gpu}
    by = "name" if args.get("name") else "tag"
    value = args.get(by)
    matching = [
        body
        for body in _list_droplets(client, gpu=gpu)
        if (body["name"] == value if by == "name" else value in body["tags"])
    ]
    if not matching:
        raise ProviderError(f"no droplet found with {by} {value}")
    if len(matching) > 1:
        count = f"(found {len(matching)}, expected 1)"
        raise ProviderError(f"too many droplets found with {by} {value} {count}")
    argument = {"tag": value} if by == "tag" else {}
    return _droplet_result(matching[0]) | {"gpu": gpu} | argument


def droplets(client: Client, args: Object) -> Object:
    gpus = bool(args.get("gpus"))
    # In a list the real provider writes these fields even if they are empty.
    empty = {"gpuPartitionMode": "", "ipv6Address": "", "ipv6AddressPrivate": ""}
    items = filter_and_sort(
        [empty | _droplet_result(body) for body in _list_droplets(client, gpu=gpus)], args
    )
    return list_result("droplets", items, args) | ({"gpus": True} if gpus else {})


def _list_droplets(client: Client, *, gpu: bool) -> list[Object]:
    return client.list_all("/v2/droplets", "droplets", **({"type": "gpus"} if gpu else {}))


def _droplet_result(body: Object) -> Object:
    outputs = droplet_outputs(body)
    different = ("dropletUrn", "publicNetworking", "ipv6Address", "tags", "volumeIds")
    common = {name: value for name, value in outputs.items() if name not in different}
    image = body["image"]
    address = {"ipv6Address": outputs["ipv6Address"]} if outputs["ipv6Address"] else {}
    return (
        common
        | address
        | {
            "id": body["id"],
            "image": image["slug"] or str(image["id"]),
            "tags": hash_order(body["tags"]),
            "urn": outputs["dropletUrn"],
            "volumeIds": hash_order(body["volume_ids"]),
        }
    )
