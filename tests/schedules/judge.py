"""Whether an account and a state hold what a fleet wants, once, and whether strangers kept theirs.

It reads account.json and the engine's own export, and nothing that the program itself uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from tests.schedules.fleets import Fleet

JSON: TypeAlias = dict[str, Any]

PENDING: Final = "the state has a pending operation"
_GRANTS: Final = "pulumi-python:dynamic/infra-apply:Grants"
_IN_A_CLUSTER: Final = frozenset({"DatabaseDb", "DatabaseUser", "Grants"})


def judge(fleet: Fleet, before: JSON, after: JSON, export: JSON) -> list[str]:
    """Return what is wrong, in words; nothing if all is right.

    `before` is the account before the first run, `after` the one at the end, `export` the answer
    of `pulumi stack export`.
    """
    return [
        *_count_problems(fleet, before, after),
        *_state_problems(before, after, export),
        *_bystander_problems(before, after),
    ]


def _count_problems(fleet: Fleet, before: JSON, after: JSON) -> Iterator[str]:
    """What the account has too much or too little of."""
    droplets = _new(before, after, "droplets")
    firewalls = _new(before, after, "firewalls")
    wanted = [(cluster, project) for project, cluster in fleet.clusters.items()]
    hosts = list(fleet.hosts)
    yield from _differences("droplet", hosts, [item["name"] for item in droplets])
    yield from _differences("firewall", hosts, map(_host_of, firewalls))
    for kind, collection in (("database", "dbs"), ("user", "users")):
        members = [pair[:2] for pair in _new_members(before, after, collection)]
        yield from _differences(f"{kind}", wanted, members)


def _state_problems(before: JSON, after: JSON, export: JSON) -> Iterator[str]:
    """What the state forgot, has twice, holds under another id, or has not finished."""
    deployment = export.get("deployment") or {}
    for operation in deployment.get("pending_operations") or ():
        yield f"{PENDING}: {_name(operation['resource'])}"
    resources = [
        resource
        for resource in deployment.get("resources") or ()
        if resource["type"].startswith(("digitalocean:", _GRANTS)) and not resource.get("external")
    ]
    for resource in resources:
        if resource.get("delete") or resource.get("initErrors"):
            yield f"the state has an unfinished resource: {_name(resource)}"
    clusters = {cluster["id"]: cluster["name"] for cluster in after["databases"]}
    remembered: dict[str, list[Any]] = {}
    for resource in resources:
        kind = resource["type"].rpartition(":")[2]
        outputs = resource.get("outputs") or {}
        member = outputs.get("database") if kind == "Grants" else outputs.get("name")
        in_cluster = (clusters.get(outputs.get("clusterId", "")), member)
        remembered.setdefault(kind, []).append(
            in_cluster if kind in _IN_A_CLUSTER else str(resource.get("id"))
        )
        if outputs.get("drift"):
            yield f"the state has drift: {_name(resource)}"
    databases = [pair[:2] for pair in _new_members(before, after, "dbs")]
    separable = {cluster["name"] for cluster in after["databases"] if cluster["engine"] == "pg"}
    live = {
        "Droplet": [str(item["id"]) for item in _new(before, after, "droplets")],
        "Firewall": [item["id"] for item in _new(before, after, "firewalls")],
        "DatabaseDb": databases,
        "DatabaseUser": [pair[:2] for pair in _new_members(before, after, "users")],
        "Grants": [database for database in databases if database[0] in separable],
    }
    for kind, ids in live.items():
        yield from _differences(f"in the state: {kind}", ids, remembered.get(kind, []))
    tags = {tag["name"] for tag in after["tags"]}
    for name, count in Counter(remembered.get("Tag", [])).items():
        if name not in tags or count > 1:
            yield f"in the state: Tag {name}: {count}, in the account {int(name in tags)}"


def _bystander_problems(before: JSON, after: JSON) -> Iterator[str]:
    """What was there before and is no longer as it was."""
    for collection, key in (
        ("droplets", "id"),
        ("firewalls", "id"),
        ("tags", "name"),
        ("vpcs", "id"),
        ("keys", "id"),
    ):
        now = {item[key]: item for item in after[collection]}
        for item in before[collection]:
            if now.get(item[key]) != item:
                yield f"a stranger's {collection} {item['name']} was touched"
    now = {cluster["id"]: cluster for cluster in after["databases"]}
    for cluster in before["databases"]:
        later = now.get(cluster["id"])
        if later is None or _without_members(later) != _without_members(cluster):
            yield f"the cluster {cluster['name']} was touched"
            continue
        for collection in ("dbs", "users"):
            yield from (
                f"a stranger's {collection} {item['name']} on {cluster['name']} was touched"
                for item in cluster[collection]
                if later[collection].count(item) != 1
            )


def _new(before: JSON, after: JSON, collection: str) -> list[JSON]:
    known = {item["id"] for item in before[collection]}
    return [item for item in after[collection] if item["id"] not in known]


def _new_members(before: JSON, after: JSON, collection: str) -> list[tuple[str, str]]:
    """Return (cluster, name) of the databases or users that were not there before."""
    known = {
        (cluster["name"], item["name"])
        for cluster in before["databases"]
        for item in cluster[collection]
    }
    return [
        (cluster["name"], item["name"])
        for cluster in after["databases"]
        for item in cluster[collection]
        if (cluster["name"], item["name"]) not in known
    ]


def _host_of(firewall: JSON) -> str:
    """Return the host whose tag a firewall attaches to."""
    hosts = [
        tag.rpartition(":")[2] for tag in firewall["tags"] if tag.startswith("infra-apply-host:")
    ]
    return ",".join(hosts) or f"none ({firewall['name']})"


def _without_members(cluster: JSON) -> JSON:
    return {key: value for key, value in cluster.items() if key not in {"dbs", "users"}}


def _differences(kind: str, wanted: Iterable[Any], present: Iterable[Any]) -> Iterator[str]:
    expected, counted = Counter(wanted), Counter(present)
    for name in sorted(expected | counted, key=str):
        if expected[name] != counted[name]:
            text = "/".join(name) if isinstance(name, tuple) and all(name) else name
            yield f"{kind} {text}: {counted[name]}, wanted {expected[name]}"


def _name(resource: JSON) -> str:
    """Name a resource of the state: `Droplet lime`."""
    _, _, kind, name = resource["urn"].rsplit("::", 3)
    return f"{kind.rpartition(':')[2]} {name}"
