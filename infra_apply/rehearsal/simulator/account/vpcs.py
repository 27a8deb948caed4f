"""VPCs: one default per region is seeded; a VPC with droplets in it cannot be deleted (403)."""

from __future__ import annotations

import ipaddress

from infra_apply.rehearsal.simulator.account import catalogue, store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    forbidden,
    stamp,
    text,
    unprocessable,
)

SMALLEST, LARGEST = 28, 16


def list_vpcs(state: State, call: Call) -> Answer:
    return state, store.page(call, "vpcs", state["vpcs"])


def get_vpc(state: State, call: Call) -> Answer:
    return state, Response(200, {"vpc": addressed(state, call)})


def create_vpc(state: State, call: Call) -> Answer:
    name, region = text(call.body, "name"), text(call.body, "region")
    if catalogue.find_region(state, region) is None:
        raise unprocessable("region is invalid")
    check_name(state, name, None)
    state, identifier = store.next_uuid(state, "vpc", "aaaa0001")
    vpc = {
        "id": identifier,
        "urn": f"do:vpc:{identifier}",
        "name": name,
        "description": str(call.body.get("description") or ""),
        "region": region,
        "ip_range": wanted_range(state, call.body),
        "created_at": stamp(call.now),
        "default": False,
    }
    return store.added(state, "vpcs", vpc), Response(201, {"vpc": vpc})


def update_vpc(state: State, call: Call) -> Answer:
    """PUT and PATCH: name, description, and `default: true` (which moves the region's default)."""
    vpc = addressed(state, call)
    name = text(call.body, "name") if "name" in call.body else vpc["name"]
    check_name(state, name, vpc["id"])
    description = str(call.body.get("description", vpc["description"]) or "")
    vpc = vpc | {"name": name, "description": description}
    if call.body.get("default") is True:
        others = [
            other | {"default": False} if other["region"] == vpc["region"] else other
            for other in state["vpcs"]
        ]
        state, vpc = state | {"vpcs": others}, vpc | {"default": True}
    return store.changed(state, "vpcs", vpc), Response(200, {"vpc": vpc})


def delete_vpc(state: State, call: Call) -> Answer:
    vpc = addressed(state, call)
    if vpc["default"]:
        raise forbidden("Can not delete default VPCs")
    if any(droplet["vpc_uuid"] == vpc["id"] for droplet in state["droplets"]):
        raise forbidden("Can not delete VPC with members")
    return store.removed(state, "vpcs", lambda v: v["id"] == vpc["id"]), Response(204, None)


def addressed(state: State, call: Call) -> Object:
    return store.find(state, "vpcs", call.path["vpc"])


def check_name(state: State, name: str, own_id: str | None) -> None:
    if any(vpc["name"] == name and vpc["id"] != own_id for vpc in state["vpcs"]):
        raise unprocessable("name is already in use")


def wanted_range(state: State, body: Object) -> str:
    """The range asked for, or the first free /20 of 10.0.0.0/8. Refused (422) if it overlaps."""
    used = [ipaddress.IPv4Network(vpc["ip_range"]) for vpc in state["vpcs"]]
    asked = body.get("ip_range")
    if asked is None:
        blocks = ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=20)
        return str(next(b for b in blocks if not any(b.overlaps(u) for u in used)))
    try:
        block = ipaddress.IPv4Network(asked)
    except ValueError:
        raise unprocessable("ip_range is not a valid network") from None
    if not LARGEST <= block.prefixlen <= SMALLEST:
        raise unprocessable(f"ip_range must be between /{LARGEST} and /{SMALLEST}")
    if any(block.overlaps(u) for u in used):
        raise unprocessable("This range/size overlaps with another VPC network in your account")
    return str(block)
