"""Droplets: listing, reading and destroying them. Creating and acting on them live beside.

GPU Droplets are listed only with `type=gpus`, which cannot be combined with `tag_name`
(OpenAPI `/v2/droplets`). Names are not unique, and a deleted droplet answers 404 at once.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    unprocessable,
)


def list_droplets(state: State, call: Call) -> Answer:
    matches = wanted(call)
    return state, store.page(call, "droplets", [d for d in state["droplets"] if matches(d)])


def wanted(call: Call) -> Callable[[Object], bool]:
    """The list's filters: `tag_name`, or `name` (exact, any case) and `type`. Refused (422)."""
    tag, name = call.query.get("tag_name"), call.query.get("name")
    kind = call.query.get("type", "droplets")
    if tag is not None and (name is not None or "type" in call.query):
        raise unprocessable("tag_name can not be combined with name or type")
    if kind not in {"droplets", "gpus"}:
        raise unprocessable("type must be droplets or gpus")

    def matches(droplet: Object) -> bool:
        return (
            is_gpu(droplet) == (kind == "gpus")
            and (tag is None or tag in droplet["tags"])
            and (name is None or droplet["name"].lower() == name.lower())
        )

    return matches


def get_droplet(state: State, call: Call) -> Answer:
    return state, Response(200, {"droplet": addressed(state, call)})


def delete_droplet(state: State, call: Call) -> Answer:
    gone = addressed(state, call)["id"]
    return forgotten(state, {gone}), Response(204, None)


def delete_tagged(state: State, call: Call) -> Answer:
    """DELETE /v2/droplets?tag_name=x destroys every droplet with the tag; the tag is required."""
    tag = call.query.get("tag_name")
    if not tag:
        raise unprocessable("tag_name is required")
    gone = {droplet["id"] for droplet in state["droplets"] if tag in droplet["tags"]}
    return forgotten(state, gone), Response(204, None)


def list_firewalls(state: State, call: Call) -> Answer:
    """The firewalls that apply to a droplet, by its id or by one of its tags."""
    droplet = addressed(state, call)
    held = [
        firewall
        for firewall in state["firewalls"]
        if droplet["id"] in firewall["droplet_ids"] or set(droplet["tags"]) & set(firewall["tags"])
    ]
    return state, store.page(call, "firewalls", held)


def addressed(state: State, call: Call) -> Object:
    """The droplet that the path names. Refused (404)."""
    return store.find(state, "droplets", store.numbered(call.path["droplet"]))


def is_gpu(droplet: Object) -> bool:
    slug: str = droplet["size_slug"]
    return slug.startswith("gpu-")


def forgotten(state: State, gone: set[int]) -> State:
    """The state without the droplets: firewalls forget their ids, projects their resources."""
    state = store.removed(state, "droplets", lambda droplet: droplet["id"] in gone)
    firewalls = [
        firewall | {"droplet_ids": [i for i in firewall["droplet_ids"] if i not in gone]}
        for firewall in state["firewalls"]
    ]
    urns = {f"do:droplet:{number}" for number in gone}
    assigned = {u: v for u, v in state["project_resources"].items() if u not in urns}
    return state | {"firewalls": firewalls, "project_resources": assigned}
