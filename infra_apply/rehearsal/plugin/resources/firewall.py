"""The resource type Firewall.

Its rules are sets. Where the provider writes `all` for the ports of a rule, the API writes "0".
"""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import created, read_back, reported_as
from infra_apply.rehearsal.plugin.resources.tag import validate_tag_name
from infra_apply.rehearsal.plugin.schema import RULES, SET, Property, ResourceType
from infra_apply.rehearsal.plugin.sets import RULE_PEERS, complete_rule, sorted_rules, sorted_set
from infra_apply.rehearsal.plugin.values import Object

DIRECTIONS = {
    "inboundRules": ("inbound_rules", "sources", "source"),
    "outboundRules": ("outbound_rules", "destinations", "destination"),
}
# The other ends of a rule: the property's name after source or destination, and the API's name.
PEERS = dict(
    zip(
        RULE_PEERS,
        ("addresses", "droplet_ids", "kubernetes_ids", "load_balancer_uids", "tags"),
        strict=True,
    )
)


def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    with reported_as("Error creating firewall"):
        identifier = client.call("POST", "/v2/firewalls", _request_body(inputs))["firewall"]["id"]
    with created(identifier, {"id": identifier}), read_back("Error retrieving firewall"):
        firewall = client.call("GET", f"/v2/firewalls/{identifier}")["firewall"]
    return identifier, _firewall_outputs(firewall, None)


@reported_as("Error retrieving firewall")
def _read(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    firewall = client.get_or_none(f"/v2/firewalls/{identifier}", "firewall")
    if firewall is None:
        return None
    # After a refresh no droplets are an empty list, after a create null.
    return identifier, _firewall_outputs(firewall, [] if olds else None)


def _update(
    client: Client, identifier: str, olds: Object, _planned: Object, inputs: Object
) -> Object:
    with reported_as("Error updating firewall"):
        client.call("PUT", f"/v2/firewalls/{identifier}", _request_body(inputs))
    with read_back("Error retrieving firewall"):
        firewall = client.call("GET", f"/v2/firewalls/{identifier}")["firewall"]
    return _firewall_outputs(firewall, olds.get("dropletIds"))


@reported_as("Error deleting firewall")
def _delete(client: Client, identifier: str, _olds: Object) -> None:
    client.call("DELETE", f"/v2/firewalls/{identifier}")


def _request_body(inputs: Object) -> Object:
    rules = {}
    for name, (key, peers, peer) in DIRECTIONS.items():
        complete = [complete_rule(rule, peer) for rule in inputs.get(name) or []]
        rules[key] = [
            _rule_body(rule, peers, peer) for rule in sorted_rules(complete, peer)
        ] or None
    return {
        "name": inputs["name"],
        **rules,
        "droplet_ids": sorted_set(inputs.get("dropletIds") or []) or None,
        "tags": sorted_set(inputs.get("tags") or []),
    }


def _rule_body(rule: Object, peers: str, peer: str) -> Object:
    ports = {} if rule["protocol"] == "icmp" else {"ports": rule["portRange"]}
    ends = {
        key: rule[f"{peer}{suffix}"] for suffix, key in PEERS.items() if rule[f"{peer}{suffix}"]
    }
    return {"protocol": rule["protocol"], **ports, peers: ends}


def _firewall_outputs(firewall: Object, no_droplets: list[int] | None) -> Object:
    rules = {}
    for name, (key, peers, peer) in DIRECTIONS.items():
        live = [_rule_outputs(rule, peers, peer) for rule in firewall[key] or []]
        rules[name] = sorted_rules(live, peer) or None
    return {
        "createdAt": firewall["created_at"],
        "dropletIds": sorted_set(firewall["droplet_ids"] or []) or no_droplets,
        "id": firewall["id"],
        "name": firewall["name"],
        **rules,
        "pendingChanges": firewall["pending_changes"],
        "status": firewall["status"],
        "tags": sorted_set(firewall["tags"] or []) or None,
    }


def _rule_outputs(rule: Object, peers: str, peer: str) -> Object:
    ports = rule.get("ports", "")
    if ports == "0":
        ports = "" if rule["protocol"] == "icmp" else "all"
    ends = {f"{peer}{suffix}": rule[peers].get(key) for suffix, key in PEERS.items()}
    outputs: Object = complete_rule(
        {"protocol": rule["protocol"], "portRange": ports, **ends}, peer
    )
    return outputs


FIREWALL = ResourceType(
    pulumi_type="digitalocean:index/firewall:Firewall",
    properties=(
        Property("createdAt", output_only=True),
        Property("dropletIds", "droplet_ids", kind=SET),
        Property("inboundRules", "inbound_rule", kind=RULES, peer="source"),
        Property("name", required=True),
        Property("outboundRules", "outbound_rule", kind=RULES, peer="destination"),
        Property("pendingChanges", output_only=True),
        Property("status", output_only=True),
        Property("tags", kind=SET, validate=validate_tag_name),
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
