"""Cloud firewalls, which apply to droplets by id or by tag.

A tag must exist before a firewall may use it (422). An icmp rule always shows ports "0"
(OpenAPI `firewall_rule_base`).
"""

from __future__ import annotations

import re

from infra_apply.rehearsal.simulator.account import store, tags
from infra_apply.rehearsal.simulator.account.messages import (
    JSON,
    Call,
    Object,
    Response,
    Result,
    State,
    conflict,
    required_string,
    string_list,
    timestamp,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]+")
PROTOCOLS = ("tcp", "udp", "icmp")
PEERS_BY_DIRECTION = {"inbound_rules": "sources", "outbound_rules": "destinations"}


def list_firewalls(state: State, call: Call) -> Result:
    return state, page(call, "firewalls", state["firewalls"])


def get_firewall(state: State, call: Call) -> Result:
    return state, Response(200, {"firewall": _find_firewall(state, call)})


def create_firewall(state: State, call: Call) -> Result:
    fields = _firewall_fields(state, call.body, None)
    state, identifier = store.next_uuid(state, "firewall", "cccc0001")
    firewall = {
        "id": identifier,
        "status": "succeeded",
        "created_at": timestamp(call.now),
        "pending_changes": [],
        **fields,
    }
    return store.add(state, "firewalls", firewall), Response(202, {"firewall": firewall})


def update_firewall(state: State, call: Call) -> Result:
    """PUT: replace everything; an attribute that is left out becomes empty."""
    old = _find_firewall(state, call)
    firewall = old | _firewall_fields(state, call.body, old["id"])
    return store.replace(state, "firewalls", firewall), Response(200, {"firewall": firewall})


def delete_firewall(state: State, call: Call) -> Result:
    identifier = _find_firewall(state, call)["id"]
    state = store.remove(state, "firewalls", lambda firewall: firewall["id"] == identifier)
    return state, Response(204, None)


def add_droplets(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    combined = [*firewall["droplet_ids"], *_droplet_ids(state, call.body)]
    return _store(state, firewall | {"droplet_ids": list(dict.fromkeys(combined))})


def remove_droplets(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    removed = _droplet_ids(state, call.body)
    rest = [number for number in firewall["droplet_ids"] if number not in removed]
    return _store(state, firewall | {"droplet_ids": rest})


def add_tags(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    requested = string_list(call.body, "tags")
    tags.check_exist(state, requested)
    combined = list(dict.fromkeys([*firewall["tags"], *requested]))
    return _store(state, firewall | {"tags": combined})


def remove_tags(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    removed = string_list(call.body, "tags")
    rest = [tag for tag in firewall["tags"] if tag not in removed]
    return _store(state, firewall | {"tags": rest})


def add_rules(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    for direction in PEERS_BY_DIRECTION:
        new = [
            rule for rule in _rules(state, call.body, direction) if rule not in firewall[direction]
        ]
        firewall = firewall | {direction: [*firewall[direction], *new]}
    return _store(state, firewall)


def remove_rules(state: State, call: Call) -> Result:
    firewall = _find_firewall(state, call)
    for direction in PEERS_BY_DIRECTION:
        removed = _rules(state, call.body, direction)
        firewall = firewall | {
            direction: [rule for rule in firewall[direction] if rule not in removed]
        }
    return _store(state, firewall)


def _find_firewall(state: State, call: Call) -> Object:
    return store.find(state, "firewalls", call.params["firewall"])


def _store(state: State, firewall: Object) -> Result:
    return store.replace(state, "firewalls", firewall), Response(204, None)


def _firewall_fields(state: State, body: Object, own_id: str | None) -> Object:
    """Return the fields that a body sets. Raises ErrorResponse: 409 for a taken name, else 422."""
    name = required_string(body, "name")
    selected = string_list(body, "tags")
    tags.check_exist(state, selected)
    if not NAME.fullmatch(name):
        raise unprocessable("name may contain only letters, numbers, dashes and periods")
    if any(
        firewall["name"] == name and firewall["id"] != own_id for firewall in state["firewalls"]
    ):
        raise conflict("duplicate name")
    return {
        "name": name,
        "inbound_rules": _rules(state, body, "inbound_rules"),
        "outbound_rules": _rules(state, body, "outbound_rules"),
        "droplet_ids": _droplet_ids(state, body),
        "tags": selected,
    }


def _droplet_ids(state: State, body: Object) -> list[int]:
    requested = body.get("droplet_ids") or []
    known = {droplet["id"] for droplet in state["droplets"]}
    if not isinstance(requested, list) or not all(
        isinstance(number, int) and number in known for number in requested
    ):
        raise unprocessable("droplet_ids must be ids of existing Droplets")
    return list(requested)


def _rules(state: State, body: Object, direction: str) -> list[Object]:
    requested = body.get(direction) or []
    if not isinstance(requested, list):
        raise unprocessable(f"{direction} must be an array")
    return [_rule(state, item, PEERS_BY_DIRECTION[direction]) for item in requested]


def _rule(state: State, item: JSON, peers: str) -> Object:
    if not isinstance(item, dict) or item.get("protocol") not in PROTOCOLS:
        raise unprocessable(f"protocol must be one of {', '.join(PROTOCOLS)}")
    target = item.get(peers)
    if not isinstance(target, dict) or not any(target.values()):
        raise unprocessable(f"{peers} must name at least one peer")
    tags.check_exist(state, string_list(target, "tags"))
    protocol = item["protocol"]
    ports = "0" if protocol == "icmp" else item.get("ports")
    if not isinstance(ports, str) or not ports:
        raise unprocessable("ports is required for tcp and udp")
    return {"protocol": protocol, "ports": "0" if ports == "all" else ports, peers: target}
