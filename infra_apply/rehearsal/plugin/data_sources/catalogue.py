"""getSizes, getRegions and getImage."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.data_sources.filters import answered, arranged
from infra_apply.rehearsal.plugin.data_sources.order import set_order
from infra_apply.rehearsal.plugin.schema import Failed, Object


def sizes(client: Client, args: Object) -> Object:
    shown = [
        {
            "available": found["available"],
            "disk": found["disk"],
            "gpuInfos": gpu_infos(found),
            "memory": found["memory"],
            "priceHourly": found["price_hourly"],
            "priceMonthly": found["price_monthly"],
            "regions": set_order(found["regions"]),
            "slug": found["slug"],
            "transfer": found["transfer"],
            "vcpus": found["vcpus"],
        }
        for found in client.listed("/v2/sizes", "sizes")
    ]
    return answered("sizes", arranged(shown, args), args)


def gpu_infos(size: Object) -> list[Object]:
    info = size.get("gpu_info")
    if not info:
        return []
    known = {"count": info["count"], "model": info["model"], "vrams": [info["vram"]]}
    return [known | {"supportedPartitionModes": info.get("supported_partition_modes") or []}]


def regions(client: Client, args: Object) -> Object:
    shown = [
        {
            "available": found["available"],
            "features": set_order(found["features"]),
            "name": found["name"],
            "sizes": set_order(found["sizes"]),
            "slug": found["slug"],
        }
        for found in client.listed("/v2/regions", "regions")
    ]
    return answered("regions", arranged(shown, args), args)


def image(client: Client, args: Object) -> Object:
    wanted = args.get("slug") or args.get("id")
    if wanted is None:
        listed = client.listed("/v2/images", "images", private="true")
        matching = [found for found in listed if found["name"] == args.get("name")]
        if len(matching) != 1:
            raise Failed(f"no user image found with name {args.get('name')}")
        return shown_image(matching[0])
    try:
        return shown_image(client.call("GET", f"/v2/images/{wanted}")["image"])
    except ApiError as error:
        raise Failed(f"image not found: {error}") from error


def shown_image(found: Object) -> Object:
    return {
        "created": found["created_at"],
        "description": found["description"],
        "distribution": found["distribution"],
        "errorMessage": found["error_message"],
        "id": found["id"],
        "image": str(found["id"]),
        "minDiskSize": found["min_disk_size"],
        "name": found["name"],
        "private": not found["public"],
        "regions": set_order(found["regions"]),
        "sizeGigabytes": found["size_gigabytes"],
        "slug": found["slug"],
        "source": "user",
        "status": found["status"],
        "tags": set_order(found["tags"]),
        "type": found["type"],
    }
