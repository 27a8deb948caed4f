"""Firewall: rules are sets, and the API writes "0" for every port where the provider writes all."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.resources.tag import problem as tag_problem
from infra_apply.rehearsal.plugin.schema import (
    RULE_PEERS,
    RULES,
    SET,
    Failed,
    Object,
    Property,
    Resource,
    full_rule,
    in_order,
    in_rule_order,
)

SIDES = {
    "inboundRules": ("inbound_rules", "sources", "source"),
    "outboundRules": ("outbound_rules", "destinations", "destination"),
}
# A rule's peers: Pulumi's word after source or destination, and the API's.
PEERS = dict(
    zip(
        RULE_PEERS,
        ("addresses", "droplet_ids", "kubernetes_ids", "load_balancer_uids", "tags"),
        strict=True,
    )
)


def create(client: Client, inputs: Object) -> tuple[str, Object]:
    try:
        made = client.call("POST", "/v2/firewalls", request(inputs))["firewall"]["id"]
    except ApiError as error:
        raise Failed(f"Error creating firewall: {error}") from error
    return made, shown(client.call("GET", f"/v2/firewalls/{made}")["firewall"], None)


def read(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    try:
        firewall = client.found(f"/v2/firewalls/{identifier}", "firewall")
    except ApiError as error:
        raise Failed(f"Error retrieving firewall: {error}") from error
    # A refresh reads no droplets as an empty list, a create as null.
    return None if firewall is None else (identifier, shown(firewall, [] if olds else None))


def update(
    client: Client, identifier: str, olds: Object, _planned: Object, inputs: Object
) -> Object:
    try:
        client.call("PUT", f"/v2/firewalls/{identifier}", request(inputs))
    except ApiError as error:
        raise Failed(f"Error updating firewall: {error}") from error
    firewall = client.call("GET", f"/v2/firewalls/{identifier}")["firewall"]
    return shown(firewall, olds.get("dropletIds"))


def delete(client: Client, identifier: str, _olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/firewalls/{identifier}")
    except ApiError as error:
        raise Failed(f"Error deleting firewall: {error}") from error


def request(inputs: Object) -> Object:
    rules = {}
    for name, (key, peers, peer) in SIDES.items():
        full = in_rule_order([full_rule(rule, peer) for rule in inputs.get(name) or []], peer)
        rules[key] = [asked(rule, peers, peer) for rule in full] or None
    return {
        "name": inputs["name"],
        **rules,
        "droplet_ids": in_order(inputs.get("dropletIds") or []) or None,
        "tags": in_order(inputs.get("tags") or []),
    }


def asked(rule: Object, peers: str, peer: str) -> Object:
    ports = {} if rule["protocol"] == "icmp" else {"ports": rule["portRange"]}
    ends = {key: rule[f"{peer}{what}"] for what, key in PEERS.items() if rule[f"{peer}{what}"]}
    return {"protocol": rule["protocol"], **ports, peers: ends}


def shown(firewall: Object, no_droplets: list[int] | None) -> Object:
    rules = {}
    for name, (key, peers, peer) in SIDES.items():
        live = [ruled(rule, peers, peer) for rule in firewall[key] or []]
        rules[name] = in_rule_order(live, peer) or None
    return {
        "createdAt": firewall["created_at"],
        "dropletIds": in_order(firewall["droplet_ids"] or []) or no_droplets,
        "id": firewall["id"],
        "name": firewall["name"],
        **rules,
        "pendingChanges": firewall["pending_changes"],
        "status": firewall["status"],
        "tags": in_order(firewall["tags"] or []) or None,
    }


def ruled(rule: Object, peers: str, peer: str) -> Object:
    ports = rule.get("ports", "")
    if ports == "0":
        ports = "" if rule["protocol"] == "icmp" else "all"
    ends = {f"{peer}{what}": rule[peers].get(key) for what, key in PEERS.items()}
    full: Object = full_rule({"protocol": rule["protocol"], "portRange": ports, **ends}, peer)
    return full


FIREWALL = Resource(
    urn_type="digitalocean:index/firewall:Firewall",
    properties=(
        Property("createdAt", output=True),
        Property("dropletIds", "droplet_ids", kind=SET),
        Property("inboundRules", "inbound_rule", kind=RULES, peer="source"),
        Property("name", required=True),
        Property("outboundRules", "outbound_rule", kind=RULES, peer="destination"),
        Property("pendingChanges", output=True),
        Property("status", output=True),
        Property("tags", kind=SET, problem=tag_problem),
    ),
    create=create,
    read=read,
    update=update,
    delete=delete,
)
