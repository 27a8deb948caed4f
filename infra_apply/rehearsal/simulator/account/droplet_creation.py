"""POST /v2/droplets: what the API checks, and the droplet it answers with.

A new droplet is `new`, locked and without addresses until its create action is completed. What the
API does not accept is answered with 422; the texts are the API's where they are known. No
idempotency key exists and names are not unique, so a repeated POST creates a second droplet.
"""

from __future__ import annotations

import ipaddress
import re

from infra_apply.rehearsal.simulator.account import catalogue, store, tags, timers
from infra_apply.rehearsal.simulator.account.messages import (
    JSON,
    Call,
    Object,
    Response,
    Result,
    State,
    required_string,
    string_list,
    timestamp,
    unprocessable,
)

NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
MAX_NAME_LENGTH = 255
MAX_USER_DATA_BYTES = 64 * 1024
MAX_DROPLETS_AT_ONCE = 10
FIRST_DROPLET_ID = 400000001


def create_droplets(state: State, call: Call) -> Result:
    """Create a droplet for `name`, or up to ten alike for `names`: 202 and the create actions."""
    is_batch = "names" in call.body
    names = _requested_names(call.body)
    template = _template(state, call)
    _check_limit(state, len(names))
    state = tags.create_missing(state, template["tags"])
    template["tags"] = tags.canonical(state, template["tags"])
    droplets, actions = [], []
    for name in names:
        state, droplet, action = _add_droplet(state, call, template | {"name": name})
        droplets.append(droplet)
        actions.append(action)
    body: Object = {"droplets": droplets} if is_batch else {"droplet": droplets[0]}
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


def _requested_names(body: Object) -> list[str]:
    names = string_list(body, "names") if "names" in body else [required_string(body, "name")]
    if not 1 <= len(names) <= MAX_DROPLETS_AT_ONCE:
        raise unprocessable(f"names must hold 1 to {MAX_DROPLETS_AT_ONCE} names")
    for name in names:
        if len(name) > MAX_NAME_LENGTH or not NAME.fullmatch(name):
            raise unprocessable(
                "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"
            )
    return names


def _check_limit(state: State, count: int) -> None:
    """Check that the account may have so many droplets more, of whatever kind.

    Raises ErrorResponse (422), with the words that users of the API report.
    """
    if len(state["droplets"]) + count > state["account"]["droplet_limit"]:
        raise unprocessable("creating this/these droplet(s) will exceed your droplet limit")


def _template(state: State, call: Call) -> Object:
    """Return the described droplet as it is before it has a name, an id or addresses."""
    body = call.body
    image = catalogue.find_image(state, str(body.get("image", "")))
    if image is None:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    size = catalogue.find_size(state, required_string(body, "size"))
    if size is None:
        raise unprocessable("You specified an invalid size for Droplet creation.")
    region = _requested_region(state, body, size)
    vpc = _requested_vpc(state, body, region)
    _check_ssh_keys(state, body, size)
    if len(str(body.get("user_data") or "").encode()) > MAX_USER_DATA_BYTES:
        raise unprocessable("user_data must be at most 64 KiB")
    return {
        "memory": size["memory"],
        "vcpus": size["vcpus"],
        "disk": size["disk"],
        "locked": True,
        "status": "new",
        "kernel": None,
        "created_at": timestamp(call.now),
        "features": _features(body),
        "backup_ids": [],
        "next_backup_window": None,
        "snapshot_ids": [],
        "image": image,
        "size_slug": size["slug"],
        "region": region,
        "tags": string_list(body, "tags"),
        "networks": {"v4": [], "v6": []},
        "vpc_uuid": vpc["id"],
        "size": size,
        "volume_ids": [],
    }


def _requested_region(state: State, body: Object, size: Object) -> Object:
    """Return the region asked for, or the first with the size. Raises ErrorResponse (422)."""
    slug = body.get("region") or next(iter(size["regions"]), None)
    region = catalogue.find_region(state, slug) if isinstance(slug, str) else None
    if region is None:
        raise unprocessable("You specified an invalid region for Droplet creation.")
    if not size["available"] or slug not in size["regions"]:
        raise unprocessable("Size is not available in this region.")
    return region


def _requested_vpc(state: State, body: Object, region: Object) -> Object:
    """Return the VPC asked for, or the region's default one. Raises ErrorResponse (422)."""
    vpc_id = body.get("vpc_uuid")
    vpcs: list[Object] = state["vpcs"]
    for vpc in vpcs:
        in_region = vpc["region"] == region["slug"]
        if in_region and (vpc["id"] == vpc_id if vpc_id else vpc["default"]):
            return vpc
    raise unprocessable("The specified VPC does not exist in this region.")


def _check_ssh_keys(state: State, body: Object, size: Object) -> None:
    """Check that every SSH key (id or fingerprint) exists and that a GPU Droplet has one.

    Raises ErrorResponse (422).
    """
    keys = body.get("ssh_keys") or []
    if not isinstance(keys, list):
        raise unprocessable("ssh_keys must be an array")
    known: set[JSON] = {key["id"] for key in state["keys"]}
    known |= {key["fingerprint"] for key in state["keys"]}
    known |= {str(key["id"]) for key in state["keys"]}
    for key in keys:
        if not isinstance(key, int | str) or key not in known:
            raise unprocessable(f"{key} are invalid key identifiers for Droplet creation.")
    if catalogue.is_gpu_size(size["slug"]) and not keys:
        raise unprocessable("An SSH key is required to create a GPU Droplet.")


def _features(body: Object) -> list[str]:
    agent = [] if body.get("with_droplet_agent") is False else ["droplet_agent"]
    optional = [name for name in ("monitoring", "backups", "ipv6") if body.get(name) is True]
    return [*agent, "private_networking", *optional]


def _add_droplet(state: State, call: Call, template: Object) -> tuple[State, Object, Object]:
    """Add a droplet and start its create action; returns the state, the droplet, the action."""
    state, number = store.next_number(state, "droplet")
    droplet = {"id": number, **template}
    state = store.add(state, "droplets", droplet)
    changes = {
        "status": "active",
        "locked": False,
        "networks": _networks(state, call, droplet),
    }
    state, action = timers.start_action(state, call, droplet, "create", changes)
    return state, droplet, action


def _networks(state: State, call: Call, droplet: Object) -> Object:
    """Return addresses that follow from the id alone, of ranges reserved for documentation."""
    ordinal = droplet["id"] - FIRST_DROPLET_ID + 11
    vpc = store.find(state, "vpcs", droplet["vpc_uuid"])
    network = ipaddress.ip_network(vpc["ip_range"])
    private = network[
        ordinal % (network.num_addresses - 2) + 1 if ordinal >= network.num_addresses else ordinal
    ]
    v4 = [_address(str(private), str(network.netmask), "<nil>", "private")]
    if call.body.get("public_networking") is not False:
        # TEST-NET-3 (RFC 5737) as long as it lasts, then the benchmarking range (RFC 2544).
        documented = ordinal <= 250  # noqa: PLR2004
        base = ipaddress.ip_address("203.0.113.0" if documented else "198.18.0.0")
        gateway = "203.0.113.1" if documented else "198.18.0.1"
        v4.append(_address(str(base + ordinal % 2**17), "255.255.240.0", gateway, "public"))
    v6 = []
    if "ipv6" in droplet["features"]:
        public = str(ipaddress.ip_address("2001:db8::") + ordinal)
        v6.append(_address(public, 64, "2001:db8::1", "public"))
    return {"v4": v4, "v6": v6}


def _address(ip: str, netmask: JSON, gateway: str, kind: str) -> Object:
    return {"ip_address": ip, "netmask": netmask, "gateway": gateway, "type": kind}
