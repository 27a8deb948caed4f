"""POST /v2/droplets: what the API checks, and the droplet it answers with.

A new droplet is `new`, locked and without addresses until the state's boot wait is over.
Refusals are 422; the texts are the API's where known. No idempotency key exists and names are
not unique, so a repeated POST makes a second droplet.
"""

from __future__ import annotations

import ipaddress
import re

from infra_apply.rehearsal.simulator.account import catalogue, store, tags, timers
from infra_apply.rehearsal.simulator.account.wire import (
    JSON,
    Answer,
    Call,
    Object,
    Response,
    State,
    stamp,
    text,
    texts,
    unprocessable,
)

NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
LONGEST_NAME = 255
LARGEST_USER_DATA = 64 * 1024
MOST_AT_ONCE = 10
FIRST_ID = 400000001


def create(state: State, call: Call) -> Answer:
    """One droplet for `name`, or up to ten alike for `names`: 202 and the create actions."""
    several = "names" in call.body
    names = wanted_names(call.body)
    blueprint = designed(state, call)
    state = tags.ensured(state, blueprint["tags"])
    blueprint["tags"] = tags.canonical(state, blueprint["tags"])
    made, actions = [], []
    for name in names:
        state, droplet, action = booted(state, call, blueprint | {"name": name})
        made.append(droplet)
        actions.append(action)
    body: Object = {"droplets": made} if several else {"droplet": made[0]}
    body["links"] = {
        "actions": [
            {
                "id": action["id"],
                "rel": "create",
                "href": f"{call.origin}/v2/actions/{action['id']}",
            }
            for action in actions
        ]
    }
    return state, Response(202, body)


def wanted_names(body: Object) -> list[str]:
    names = texts(body, "names") if "names" in body else [text(body, "name")]
    if not 1 <= len(names) <= MOST_AT_ONCE:
        raise unprocessable(f"names must hold 1 to {MOST_AT_ONCE} names")
    for name in names:
        if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
            raise unprocessable(
                "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"
            )
    return names


def designed(state: State, call: Call) -> Object:
    """The droplet that the request describes, before it has a name, an id or addresses."""
    body = call.body
    image = catalogue.find_image(state, str(body.get("image", "")))
    if image is None:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    size = catalogue.find_size(state, text(body, "size"))
    if size is None:
        raise unprocessable("You specified an invalid size for Droplet creation.")
    region = placed(state, body, size)
    vpc = wanted_vpc(state, body, region)
    check_keys(state, body, size)
    if len(str(body.get("user_data") or "").encode()) > LARGEST_USER_DATA:
        raise unprocessable("user_data must be at most 64 KiB")
    return {
        "memory": size["memory"],
        "vcpus": size["vcpus"],
        "disk": size["disk"],
        "locked": True,
        "status": "new",
        "kernel": None,
        "created_at": stamp(call.now),
        "features": features(body),
        "backup_ids": [],
        "next_backup_window": None,
        "snapshot_ids": [],
        "image": image,
        "size_slug": size["slug"],
        "region": region,
        "tags": texts(body, "tags"),
        "networks": {"v4": [], "v6": []},
        "vpc_uuid": vpc["id"],
        "size": size,
        "volume_ids": [],
    }


def placed(state: State, body: Object, size: Object) -> Object:
    """The region asked for, or the first that has the size. Refused (422)."""
    slug = body.get("region") or next(iter(size["regions"]), None)
    region = catalogue.find_region(state, slug) if isinstance(slug, str) else None
    if region is None:
        raise unprocessable("You specified an invalid region for Droplet creation.")
    if not size["available"] or slug not in size["regions"]:
        raise unprocessable("Size is not available in this region.")
    return region


def wanted_vpc(state: State, body: Object, region: Object) -> Object:
    """The VPC asked for, or the region's default one. Refused (422)."""
    asked = body.get("vpc_uuid")
    for vpc in state["vpcs"]:
        here = vpc["region"] == region["slug"]
        if here and (vpc["id"] == asked if asked else vpc["default"]):
            found: Object = vpc
            return found
    raise unprocessable("The specified VPC does not exist in this region.")


def check_keys(state: State, body: Object, size: Object) -> None:
    """SSH keys by id or fingerprint must exist, and a GPU Droplet needs one. Refused (422)."""
    keys = body.get("ssh_keys") or []
    if not isinstance(keys, list):
        raise unprocessable("ssh_keys must be an array")
    known: set[JSON] = {key["id"] for key in state["keys"]}
    known |= {key["fingerprint"] for key in state["keys"]}
    known |= {str(key["id"]) for key in state["keys"]}
    for key in keys:
        if not isinstance(key, int | str) or key not in known:
            raise unprocessable(f"{key} are invalid key identifiers for Droplet creation.")
    if size["slug"].startswith("gpu-") and not keys:
        raise unprocessable("An SSH key is required to create a GPU Droplet.")


def features(body: Object) -> list[str]:
    agent = [] if body.get("with_droplet_agent") is False else ["droplet_agent"]
    chosen = [name for name in ("monitoring", "backups", "ipv6") if body.get(name) is True]
    return [*agent, "private_networking", *chosen]


def booted(state: State, call: Call, blueprint: Object) -> tuple[State, Object, Object]:
    """The state with one more droplet and its create action, which will bring it up."""
    state, number = store.next_number(state, "droplet")
    droplet = {"id": number, **blueprint}
    state = store.added(state, "droplets", droplet)
    later = {
        "status": "active",
        "locked": False,
        "networks": addresses(state, call, droplet),
    }
    state, action = timers.start(state, call, droplet, "create", later)
    return state, droplet, action


def addresses(state: State, call: Call, droplet: Object) -> Object:
    """Addresses that follow from the id alone; all are from ranges reserved for examples."""
    ordinal = droplet["id"] - FIRST_ID + 11
    vpc = store.find(state, "vpcs", droplet["vpc_uuid"])
    network = ipaddress.ip_network(vpc["ip_range"])
    inside = network[
        ordinal % (network.num_addresses - 2) + 1 if ordinal >= network.num_addresses else ordinal
    ]
    v4 = [address(str(inside), str(network.netmask), "<nil>", "private")]
    if call.body.get("public_networking") is not False:
        # TEST-NET-3 for the first, the benchmarking range (RFC 2544) for the many.
        few = ordinal <= 250  # noqa: PLR2004
        base = ipaddress.ip_address("203.0.113.0" if few else "198.18.0.0")
        gateway = "203.0.113.1" if few else "198.18.0.1"
        v4.append(address(str(base + ordinal % 2**17), "255.255.240.0", gateway, "public"))
    v6 = []
    if "ipv6" in droplet["features"]:
        outside = str(ipaddress.ip_address("2001:db8::") + ordinal)
        v6.append(address(outside, 64, "2001:db8::1", "public"))
    return {"v4": v4, "v6": v6}


def address(ip: str, netmask: JSON, gateway: str, kind: str) -> Object:
    return {"ip_address": ip, "netmask": netmask, "gateway": gateway, "type": kind}
