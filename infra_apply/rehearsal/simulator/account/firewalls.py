"""Cloud firewalls: they select droplets by id or by tag, and refuse what does not exist.

A tag must exist before a firewall may use it (422). An icmp rule always shows ports "0"
(OpenAPI `firewall_rule_base`).
"""

from __future__ import annotations

import re

from infra_apply.rehearsal.simulator.account import store, tags
from infra_apply.rehearsal.simulator.account.wire import (
    JSON,
    Answer,
    Call,
    Object,
    Response,
    State,
    conflict,
    stamp,
    text,
    texts,
    unprocessable,
)

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]+")
PROTOCOLS = ("tcp", "udp", "icmp")
SIDES = {"inbound_rules": "sources", "outbound_rules": "destinations"}


def list_firewalls(state: State, call: Call) -> Answer:
    return state, store.page(call, "firewalls", state["firewalls"])


def get_firewall(state: State, call: Call) -> Answer:
    return state, Response(200, {"firewall": addressed(state, call)})


def create_firewall(state: State, call: Call) -> Answer:
    described = described_by(state, call.body, None)
    state, identifier = store.next_uuid(state, "firewall", "cccc0001")
    firewall = {
        "id": identifier,
        "status": "succeeded",
        "created_at": stamp(call.now),
        "pending_changes": [],
        **described,
    }
    return store.added(state, "firewalls", firewall), Response(202, {"firewall": firewall})


def update_firewall(state: State, call: Call) -> Answer:
    """PUT replaces everything: an attribute that is left out becomes empty."""
    old = addressed(state, call)
    firewall = old | described_by(state, call.body, old["id"])
    return store.changed(state, "firewalls", firewall), Response(200, {"firewall": firewall})


def delete_firewall(state: State, call: Call) -> Answer:
    gone = addressed(state, call)["id"]
    return store.removed(state, "firewalls", lambda f: f["id"] == gone), Response(204, None)


def add_droplets(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    both = [*firewall["droplet_ids"], *droplet_ids(state, call.body)]
    return stored(state, firewall | {"droplet_ids": list(dict.fromkeys(both))})


def remove_droplets(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    gone = droplet_ids(state, call.body)
    rest = [number for number in firewall["droplet_ids"] if number not in gone]
    return stored(state, firewall | {"droplet_ids": rest})


def add_tags(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    asked = texts(call.body, "tags")
    tags.check_exist(state, asked)
    both = list(dict.fromkeys([*firewall["tags"], *asked]))
    return stored(state, firewall | {"tags": both})


def remove_tags(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    gone = texts(call.body, "tags")
    return stored(state, firewall | {"tags": [t for t in firewall["tags"] if t not in gone]})


def add_rules(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    for side in SIDES:
        new = [rule for rule in rules(state, call.body, side) if rule not in firewall[side]]
        firewall = firewall | {side: [*firewall[side], *new]}
    return stored(state, firewall)


def remove_rules(state: State, call: Call) -> Answer:
    firewall = addressed(state, call)
    for side in SIDES:
        gone = rules(state, call.body, side)
        firewall = firewall | {side: [rule for rule in firewall[side] if rule not in gone]}
    return stored(state, firewall)


def addressed(state: State, call: Call) -> Object:
    return store.find(state, "firewalls", call.path["firewall"])


def stored(state: State, firewall: Object) -> Answer:
    return store.changed(state, "firewalls", firewall), Response(204, None)


def described_by(state: State, body: Object, own_id: str | None) -> Object:
    """The firewall in a request's body. Refused: 409 for a taken name, 422 for the rest."""
    name = text(body, "name")
    selected = texts(body, "tags")
    tags.check_exist(state, selected)
    if not NAME.fullmatch(name):
        raise unprocessable("name may contain only letters, numbers, dashes and periods")
    if any(f["name"] == name and f["id"] != own_id for f in state["firewalls"]):
        raise conflict("duplicate name")
    return {
        "name": name,
        "inbound_rules": rules(state, body, "inbound_rules"),
        "outbound_rules": rules(state, body, "outbound_rules"),
        "droplet_ids": droplet_ids(state, body),
        "tags": selected,
    }


def droplet_ids(state: State, body: Object) -> list[int]:
    asked = body.get("droplet_ids") or []
    known = {droplet["id"] for droplet in state["droplets"]}
    if not isinstance(asked, list) or not all(isinstance(n, int) and n in known for n in asked):
        raise unprocessable("droplet_ids must be ids of existing Droplets")
    return list(asked)


def rules(state: State, body: Object, side: str) -> list[Object]:
    asked = body.get(side) or []
    if not isinstance(asked, list):
        raise unprocessable(f"{side} must be an array")
    return [rule(state, item, SIDES[side]) for item in asked]


def rule(state: State, item: JSON, peers: str) -> Object:
    if not isinstance(item, dict) or item.get("protocol") not in PROTOCOLS:
        raise unprocessable(f"protocol must be one of {', '.join(PROTOCOLS)}")
    target = item.get(peers)
    if not isinstance(target, dict) or not any(target.values()):
        raise unprocessable(f"{peers} must name at least one peer")
    tags.check_exist(state, texts(target, "tags"))
    protocol = item["protocol"]
    ports = "0" if protocol == "icmp" else item.get("ports")
    if not isinstance(ports, str) or not ports:
        raise unprocessable("ports is required for tcp and udp")
    return {"protocol": protocol, "ports": "0" if ports == "all" else ports, peers: target}
