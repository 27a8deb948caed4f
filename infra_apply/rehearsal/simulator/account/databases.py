"""Database clusters: listing and reading them, their autoscale setting and trusted sources.

A cluster of the state carries `dbs`, `users`, `pools`, `rules` and `autoscale` beside the API's
own fields; an answer shows the cluster without them, and `db_names` derived from `dbs`.
Clusters cannot be created or deleted here: a fleet only ever uses what exists.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    JSON,
    Answer,
    Call,
    Object,
    Response,
    State,
    stamp,
    unprocessable,
)

MEMBERS = ("dbs", "users", "pools", "rules", "autoscale")
SOURCES = ("droplet", "k8s", "ip_addr", "tag", "app")


def list_clusters(state: State, call: Call) -> Answer:
    """GET /v2/databases: everything at once (it never paginates); `tag_name` filters."""
    tag = call.query.get("tag_name")
    clusters = [shown(c) for c in state["databases"] if tag is None or tag in c["tags"]]
    return state, Response(200, {"databases": clusters})


def get_cluster(state: State, call: Call) -> Answer:
    return state, Response(200, {"database": shown(addressed(state, call))})


def get_autoscale(state: State, call: Call) -> Answer:
    return state, Response(200, {"autoscale": addressed(state, call)["autoscale"]})


def get_firewall(state: State, call: Call) -> Answer:
    return state, Response(200, {"rules": addressed(state, call)["rules"]})


def put_firewall(state: State, call: Call) -> Answer:
    """PUT replaces the whole list of trusted sources of the cluster: 204."""
    cluster = addressed(state, call)
    asked = call.body.get("rules")
    if not isinstance(asked, list):
        raise unprocessable("rules must be an array")
    rules = []
    for item in asked:
        state, rule = trusted(state, call, cluster, item)
        rules.append(rule)
    return store.changed(state, "databases", cluster | {"rules": rules}), Response(204, None)


def trusted(state: State, call: Call, cluster: Object, item: JSON) -> tuple[State, Object]:
    known = isinstance(item, dict) and item.get("type") in SOURCES
    if not known or not isinstance(item.get("value"), str):
        raise unprocessable("a rule needs a type and a value")
    for old in cluster["rules"]:
        if (old["type"], old["value"]) == (item["type"], item["value"]):
            return state, old
    state, identifier = store.next_uuid(state, "rule", "0f0f0001")
    return state, {
        "uuid": identifier,
        "cluster_uuid": cluster["id"],
        "created_at": stamp(call.now),
        "type": item["type"],
        "value": item["value"],
    }


def addressed(state: State, call: Call) -> Object:
    """The cluster that the path names. Refused (404)."""
    return store.find(state, "databases", call.path["cluster"])


def shown(cluster: Object) -> Object:
    own = {key: value for key, value in cluster.items() if key not in MEMBERS}
    return own | {"db_names": [database["name"] for database in cluster["dbs"]]}
