"""Tags; the resources of a tag are counted whenever it is read, never stored.

A tag keeps the capitalization it was created with, and every resource has it in that one (OpenAPI,
schema `tags`). Creating a droplet creates missing tags; a firewall's tags must exist.
"""

from __future__ import annotations

import re

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    not_found,
    required_string,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

NAME = re.compile(r"[a-zA-Z0-9:_-]{1,255}")
# The API's resource types that can be tagged here, and the state's collections of them.
COLLECTIONS = {"droplet": "droplets", "database": "databases"}


def list_tags(state: State, call: Call) -> Result:
    return state, page(call, "tags", [_tag_body(state, tag) for tag in state["tags"]])


def get_tag(state: State, call: Call) -> Result:
    tag = store.find(state, "tags", call.params["tag"], "name")
    return state, Response(200, {"tag": _tag_body(state, tag)})


def create_tag(state: State, call: Call) -> Result:
    """POST: 201 also when the tag exists; the provider creates a droplet's tags again and again."""
    name = required_string(call.body, "name")
    state = create_missing(state, [name])
    tag = store.find(state, "tags", canonical(state, [name])[0], "name")
    return state, Response(201, {"tag": _tag_body(state, tag)})


def delete_tag(state: State, call: Call) -> Result:
    """DELETE: a deleted tag is removed from every resource."""
    name = store.find(state, "tags", call.params["tag"], "name")["name"]
    for collection in ("droplets", "databases", "firewalls"):
        items = [
            item | {"tags": [tag for tag in item["tags"] if tag != name]}
            for item in state[collection]
        ]
        state = state | {collection: items}
    return store.remove(state, "tags", lambda tag: tag["name"] == name), Response(204, None)


def tag_resources(state: State, call: Call) -> Result:
    name = store.find(state, "tags", call.params["tag"], "name")["name"]
    for collection, item in _find_resources(state, call.body):
        if name not in item["tags"]:
            state = store.replace(state, collection, item | {"tags": [*item["tags"], name]})
    return state, Response(204, None)


def untag_resources(state: State, call: Call) -> Result:
    name = store.find(state, "tags", call.params["tag"], "name")["name"]
    for collection, item in _find_resources(state, call.body):
        rest = [tag for tag in item["tags"] if tag != name]
        state = store.replace(state, collection, item | {"tags": rest})
    return state, Response(204, None)


def _find_resources(state: State, body: Object) -> list[tuple[str, Object]]:
    """Return the resources of a body `{resources: [{resource_id, resource_type}]}`.

    Each comes with the name of its collection. Raises ErrorResponse (404, 422).
    """
    resources = body.get("resources")
    if not isinstance(resources, list) or not all(
        isinstance(resource, dict) for resource in resources
    ):
        raise unprocessable("resources must be an array of objects")
    items: dict[tuple[str, str], Object] = {}
    for resource in resources:
        collection = COLLECTIONS.get(str(resource.get("resource_type")))
        identifier = str(resource.get("resource_id"))
        if collection is None:
            raise not_found()
        item = next((item for item in state[collection] if str(item["id"]) == identifier), None)
        if item is None:
            raise not_found()
        items[collection, identifier] = item
    return [(collection, item) for (collection, _), item in items.items()]


def create_missing(state: State, names: list[str]) -> State:
    """Create those of the tags that do not exist. Raises ErrorResponse (422) for a wrong name."""
    for name in names:
        if not NAME.fullmatch(name):
            raise unprocessable(
                f"Tag name {name!r} is invalid: only letters, numbers, colons, dashes and"
                " underscores, at most 255"
            )
        if not any(tag["name"].lower() == name.lower() for tag in state["tags"]):
            state = store.add(state, "tags", {"name": name})
    return state


def canonical(state: State, names: list[str]) -> list[str]:
    """Return the tags in the capitalization they have, each once, in the order of `names`."""
    spelling = {tag["name"].lower(): tag["name"] for tag in state["tags"]}
    return list(dict.fromkeys(spelling.get(name.lower(), name) for name in names))


def check_exist(state: State, names: list[str]) -> None:
    """Raise ErrorResponse (422) for the first name that is no tag of the account."""
    known = {tag["name"] for tag in state["tags"]}
    for name in names:
        if name not in known:
            raise unprocessable(f"tag {name} does not exist")


def _tag_body(state: State, tag: Object) -> Object:
    """Return the tag as the API answers it, with counts."""
    droplets = _count(state, "droplets", tag["name"])
    databases = _count(state, "databases", tag["name"])
    none = {"count": 0}
    total: Object = {"count": droplets["count"] + databases["count"]}
    last = droplets.get("last_tagged_uri") or databases.get("last_tagged_uri")
    if last:
        total["last_tagged_uri"] = last
    kinds = {
        "droplets": droplets,
        "images": none,
        "volumes": none,
        "volume_snapshots": none,
        "databases": databases,
    }
    return {"name": tag["name"], "resources": total | kinds}


def _count(state: State, collection: str, name: str) -> Object:
    tagged = [item for item in state[collection] if name in item["tags"]]
    if not tagged:
        return {"count": 0}
    uri = f"https://api.digitalocean.com/v2/{collection}/{tagged[-1]['id']}"
    return {"count": len(tagged), "last_tagged_uri": uri}
