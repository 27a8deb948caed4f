"""Database clusters: listing and reading them, their autoscale setting and trusted sources.

A cluster of the state has `dbs`, `users`, `pools`, `rules`, `autoscale` and `backups` beside the
API's own fields, and may have `ca`, the PEM text of its certificate authority; an answer holds the
cluster without them, and `db_names` derived from `dbs`.
Clusters cannot be created or deleted: a fleet only ever uses what exists.
"""

from __future__ import annotations

from base64 import b64encode

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.messages import (
    JSON,
    Call,
    Object,
    Response,
    Result,
    State,
    timestamp,
    unprocessable,
)

INTERNAL_FIELDS = ("dbs", "users", "pools", "rules", "autoscale", "backups", "ca")
SOURCE_TYPES = ("droplet", "k8s", "ip_addr", "tag", "app")


def list_clusters(state: State, call: Call) -> Result:
    """GET /v2/databases: everything at once (it never paginates); `tag_name` filters."""
    tag = call.query.get("tag_name")
    clusters = [
        _cluster_body(cluster)
        for cluster in state["databases"]
        if tag is None or tag in cluster["tags"]
    ]
    return state, Response(200, {"databases": clusters})


def get_cluster(state: State, call: Call) -> Result:
    return state, Response(200, {"database": _cluster_body(find_cluster(state, call))})


def get_autoscale(state: State, call: Call) -> Result:
    return state, Response(200, {"autoscale": find_cluster(state, call)["autoscale"]})


def list_backups(state: State, call: Call) -> Result:
    """GET the backups of a cluster; an account kept from an earlier version has none."""
    return state, Response(200, {"backups": find_cluster(state, call).get("backups", [])})


def get_ca(state: State, call: Call) -> Result:
    """GET the certificate authority that signs the cluster's own certificate: PEM as base64."""
    pem = find_cluster(state, call).get("ca", "")
    return state, Response(200, {"ca": {"certificate": b64encode(pem.encode()).decode()}})


def get_firewall(state: State, call: Call) -> Result:
    return state, Response(200, {"rules": find_cluster(state, call)["rules"]})


def put_firewall(state: State, call: Call) -> Result:
    """PUT: replace the whole list of trusted sources of the cluster, 204."""
    cluster = find_cluster(state, call)
    requested = call.body.get("rules")
    if not isinstance(requested, list):
        raise unprocessable("rules must be an array")
    rules = []
    for item in requested:
        state, rule = _trusted_source(state, call, cluster, item)
        rules.append(rule)
    return store.replace(state, "databases", cluster | {"rules": rules}), Response(204, None)


def _trusted_source(state: State, call: Call, cluster: Object, item: JSON) -> tuple[State, Object]:
    """Return a rule of the body: the cluster's own if it has it. Raises ErrorResponse (422)."""
    known = isinstance(item, dict) and item.get("type") in SOURCE_TYPES
    if not known or not isinstance(item.get("value"), str):
        raise unprocessable("a rule needs a type and a value")
    for old in cluster["rules"]:
        if (old["type"], old["value"]) == (item["type"], item["value"]):
            return state, old
    state, identifier = store.next_uuid(state, "rule", "0f0f0001")
    return state, {
        "uuid": identifier,
        "cluster_uuid": cluster["id"],
        "created_at": timestamp(call.now),
        "type": item["type"],
        "value": item["value"],
    }


def find_cluster(state: State, call: Call) -> Object:
    """Return the cluster of the request's path. Raises ErrorResponse (404)."""
    return store.find(state, "databases", call.params["cluster"])


def _cluster_body(cluster: Object) -> Object:
    own = {key: value for key, value in cluster.items() if key not in INTERNAL_FIELDS}
    return own | {"db_names": [database["name"] for database in cluster["dbs"]]}
