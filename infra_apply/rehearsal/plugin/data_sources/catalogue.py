"""getSizes, getRegions and getImage."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.data_sources.filters import filter_and_sort, list_result
from infra_apply.rehearsal.plugin.data_sources.order import hash_order
from infra_apply.rehearsal.plugin.errors import ProviderError
from infra_apply.rehearsal.plugin.values import Object


def sizes(client: Client, args: Object) -> Object:
    items = [
        {
            "available": size["available"],
            "disk": size["disk"],
            "gpuInfos": _gpu_infos(size),
            "memory": size["memory"],
            "priceHourly": size["price_hourly"],
            "priceMonthly": size["price_monthly"],
            "regions": hash_order(size["regions"]),
            "slug": size["slug"],
            "transfer": size["transfer"],
            "vcpus": size["vcpus"],
        }
        for size in client.list_all("/v2/sizes", "sizes")
    ]
    return list_result("sizes", filter_and_sort(items, args), args)


def regions(client: Client, args: Object) -> Object:
    items = [
        {
            "available": region["available"],
            "features": hash_order(region["features"]),
            "name": region["name"],
            "sizes": hash_order(region["sizes"]),
            "slug": region["slug"],
        }
        for region in client.list_all("/v2/regions", "regions")
    ]
    return list_result("regions", filter_and_sort(items, args), args)


def image(client: Client, args: Object) -> Object:
    identifier = args.get("slug") or args.get("id")
    if identifier is None:
        images = client.list_all("/v2/images", "images", private="true")
        matching = [body for body in images if body["name"] == args.get("name")]
        if len(matching) != 1:
            raise ProviderError(f"no user image found with name {args.get('name')}")
        return _image_result(matching[0])
    try:
        return _image_result(client.call("GET", f"/v2/images/{identifier}")["image"])
    except ApiError as error:
        raise ProviderError(f"image not found: {error}") from error


def _gpu_infos(size: Object) -> list[Object]:
    info = size.get("gpu_info")
    if not info:
        return []
    description = {"count": info["count"], "model": info["model"], "vrams": [info["vram"]]}
    return [description | {"supportedPartitionModes": info.get("supported_partition_modes") or []}]


def _image_result(body: Object) -> Object:
    return {
        "created": body["created_at"],
        "description": body["description"],
        "distribution": body["distribution"],
        "errorMessage": body["error_message"],
        "id": body["id"],
        "image": str(body["id"]),
        "minDiskSize": body["min_disk_size"],
        "name": body["name"],
        "private": not body["public"],
        "regions": hash_order(body["regions"]),
        "sizeGigabytes": body["size_gigabytes"],
        "slug": body["slug"],
        "source": "user",
        "status": body["status"],
        "tags": hash_order(body["tags"]),
        "type": body["type"],
    }
