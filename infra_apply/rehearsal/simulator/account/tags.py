"""Tags. What a tag holds is always counted from the resources, so it cannot disagree with them.

A tag keeps the capitalization it was created with, and every resource shows that one
(OpenAPI, schema `tags`). Droplet creation makes missing tags; firewalls need them to exist.
"""

from __future__ import annotations

import re

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    not_found,
    text,
    unprocessable,
)

NAME = re.compile(r"[a-zA-Z0-9:_-]{1,255}")
# What can carry a tag here, by the API's word for it: the state's key of the resources.
TAGGABLE = {"droplet": "droplets", "database": "databases"}


def list_tags(state: State, call: Call) -> Answer:
    return state, store.page(call, "tags", [shown(state, tag) for tag in state["tags"]])


def get_tag(state: State, call: Call) -> Answer:
    tag = store.find(state, "tags", call.path["tag"], "name")
    return state, Response(200, {"tag": shown(state, tag)})


def create_tag(state: State, call: Call) -> Answer:
    """201 also when the tag exists: the provider creates the tags of a droplet again and again."""
    name = text(call.body, "name")
    state = ensured(state, [name])
    tag = store.find(state, "tags", canonical(state, [name])[0], "name")
    return state, Response(201, {"tag": shown(state, tag)})


def delete_tag(state: State, call: Call) -> Answer:
    """Deleting a tag takes it off everything that carried it."""
    name = store.find(state, "tags", call.path["tag"], "name")["name"]
    for collection in ("droplets", "databases", "firewalls"):
        bare = [
            item | {"tags": [tag for tag in item["tags"] if tag != name]}
            for item in state[collection]
        ]
        state = state | {collection: bare}
    return store.removed(state, "tags", lambda tag: tag["name"] == name), Response(204, None)


def tag_resources(state: State, call: Call) -> Answer:
    name = store.find(state, "tags", call.path["tag"], "name")["name"]
    for collection, item in addressed(state, call.body):
        if name not in item["tags"]:
            state = store.changed(state, collection, item | {"tags": [*item["tags"], name]})
    return state, Response(204, None)


def untag_resources(state: State, call: Call) -> Answer:
    name = store.find(state, "tags", call.path["tag"], "name")["name"]
    for collection, item in addressed(state, call.body):
        rest = [tag for tag in item["tags"] if tag != name]
        state = store.changed(state, collection, item | {"tags": rest})
    return state, Response(204, None)


def addressed(state: State, body: Object) -> list[tuple[str, Object]]:
    """The resources of a body `{resources: [{resource_id, resource_type}]}`. Refused (404, 422)."""
    resources = body.get("resources")
    if not isinstance(resources, list) or not all(isinstance(r, dict) for r in resources):
        raise unprocessable("resources must be an array of objects")
    found: dict[tuple[str, str], Object] = {}
    for resource in resources:
        collection = TAGGABLE.get(str(resource.get("resource_type")))
        identifier = str(resource.get("resource_id"))
        if collection is None:
            raise not_found()
        item = next((i for i in state[collection] if str(i["id"]) == identifier), None)
        if item is None:
            raise not_found()
        found[collection, identifier] = item
    return [(collection, item) for (collection, _), item in found.items()]


def ensured(state: State, names: list[str]) -> State:
    """The state in which all these tags exist. Refused (422) for a name that no tag can have."""
    for name in names:
        if not NAME.fullmatch(name):
            raise unprocessable(
                f"Tag name {name!r} is invalid: only letters, numbers, colons, dashes and"
                " underscores, at most 255"
            )
        if not any(tag["name"].lower() == name.lower() for tag in state["tags"]):
            state = store.added(state, "tags", {"name": name})
    return state


def canonical(state: State, names: list[str]) -> list[str]:
    """The tags' own capitalization, each once, in the order given."""
    spelling = {tag["name"].lower(): tag["name"] for tag in state["tags"]}
    return list(dict.fromkeys(spelling.get(name.lower(), name) for name in names))


def check_exist(state: State, names: list[str]) -> None:
    """Refused (422) for the first name that is no tag of the account."""
    known = {tag["name"] for tag in state["tags"]}
    for name in names:
        if name not in known:
            raise unprocessable(f"tag {name} does not exist")


def shown(state: State, tag: Object) -> Object:
    """The tag as the API answers it, counted now."""
    droplets = counted(state, "droplets", tag["name"], "droplets")
    databases = counted(state, "databases", tag["name"], "databases")
    nothing = {"count": 0}
    total: Object = {"count": droplets["count"] + databases["count"]}
    last = droplets.get("last_tagged_uri") or databases.get("last_tagged_uri")
    if last:
        total["last_tagged_uri"] = last
    kinds = {
        "droplets": droplets,
        "images": nothing,
        "volumes": nothing,
        "volume_snapshots": nothing,
        "databases": databases,
    }
    return {"name": tag["name"], "resources": total | kinds}


def counted(state: State, collection: str, name: str, path: str) -> Object:
    carriers = [item for item in state[collection] if name in item["tags"]]
    if not carriers:
        return {"count": 0}
    uri = f"https://api.digitalocean.com/v2/{path}/{carriers[-1]['id']}"
    return {"count": len(carriers), "last_tagged_uri": uri}
