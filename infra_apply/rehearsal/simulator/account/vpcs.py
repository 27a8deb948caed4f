"""VPCs. Every region has a default one; neither that nor one with droplets can be deleted (403)."""

from __future__ import annotations

import ipaddress

from infra_apply.rehearsal.simulator.account import catalogue, store
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    forbidden,
    required_string,
    timestamp,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

MAX_PREFIX_LENGTH, MIN_PREFIX_LENGTH = 28, 16


def list_vpcs(state: State, call: Call) -> Result:
    return state, page(call, "vpcs", state["vpcs"])


def get_vpc(state: State, call: Call) -> Result:
    return state, Response(200, {"vpc": _find_vpc(state, call)})


def create_vpc(state: State, call: Call) -> Result:
    name, region = required_string(call.body, "name"), required_string(call.body, "region")
    if catalogue.find_region(state, region) is None:
        raise unprocessable("region is invalid")
    _check_name_is_free(state, name, None)
    state, identifier = store.next_uuid(state, "vpc", "aaaa0001")
    vpc = {
        "id": identifier,
        "urn": f"do:vpc:{identifier}",
        "name": name,
        "description": str(call.body.get("description") or ""),
        "region": region,
        "ip_range": _ip_range(state, call.body),
        "created_at": timestamp(call.now),
        "default": False,
    }
    return store.add(state, "vpcs", vpc), Response(201, {"vpc": vpc})


def update_vpc(state: State, call: Call) -> Result:
    """PUT and PATCH: set name and description; `default: true` makes it the region's default."""
    vpc = _find_vpc(state, call)
    name = required_string(call.body, "name") if "name" in call.body else vpc["name"]
    _check_name_is_free(state, name, vpc["id"])
    description = str(call.body.get("description", vpc["description"]) or "")
    vpc = vpc | {"name": name, "description": description}
    if call.body.get("default") is True:
        others = [
            other | {"default": False} if other["region"] == vpc["region"] else other
            for other in state["vpcs"]
        ]
        state, vpc = state | {"vpcs": others}, vpc | {"default": True}
    return store.replace(state, "vpcs", vpc), Response(200, {"vpc": vpc})


def delete_vpc(state: State, call: Call) -> Result:
    vpc = _find_vpc(state, call)
    if vpc["default"]:
        raise forbidden("Can not delete default VPCs")
    if any(droplet["vpc_uuid"] == vpc["id"] for droplet in state["droplets"]):
        raise forbidden("Can not delete VPC with members")
    state = store.remove(state, "vpcs", lambda other: other["id"] == vpc["id"])
    return state, Response(204, None)


def _find_vpc(state: State, call: Call) -> Object:
    return store.find(state, "vpcs", call.params["vpc"])


def _check_name_is_free(state: State, name: str, own_id: str | None) -> None:
    if any(vpc["name"] == name and vpc["id"] != own_id for vpc in state["vpcs"]):
        raise unprocessable("name is already in use")


def _ip_range(state: State, body: Object) -> str:
    """Return the range asked for, or the first free /20 of 10.0.0.0/8.

    Raises ErrorResponse (422) for one that is no range, has a wrong size or overlaps.
    """
    used = [ipaddress.IPv4Network(vpc["ip_range"]) for vpc in state["vpcs"]]
    requested = body.get("ip_range")
    if requested is None:
        blocks = ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=20)
        return str(
            next(block for block in blocks if not any(block.overlaps(other) for other in used))
        )
    try:
        block = ipaddress.IPv4Network(requested)
    except ValueError:
        raise unprocessable("ip_range is not a valid network") from None
    if not MIN_PREFIX_LENGTH <= block.prefixlen <= MAX_PREFIX_LENGTH:
        raise unprocessable(
            f"ip_range must be between /{MIN_PREFIX_LENGTH} and /{MAX_PREFIX_LENGTH}"
        )
    if any(block.overlaps(other) for other in used):
        raise unprocessable("This range/size overlaps with another VPC network in your account")
    return str(block)
