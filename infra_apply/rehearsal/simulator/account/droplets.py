"""Listing, reading and deleting droplets.

GPU Droplets are listed only with `type=gpus`, which cannot be combined with `tag_name`
(OpenAPI `/v2/droplets`). Names are not unique, and a deleted droplet answers 404 at once.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.catalogue import is_gpu_size
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page


def list_droplets(state: State, call: Call) -> Result:
    matches = _list_filter(call)
    droplets = [droplet for droplet in state["droplets"] if matches(droplet)]
    return state, page(call, "droplets", droplets)


def get_droplet(state: State, call: Call) -> Result:
    return state, Response(200, {"droplet": find_droplet(state, call)})


def delete_droplet(state: State, call: Call) -> Result:
    number = find_droplet(state, call)["id"]
    return _remove_droplets(state, {number}), Response(204, None)


def delete_droplets_by_tag(state: State, call: Call) -> Result:
    """DELETE /v2/droplets?tag_name=x: delete every droplet with the tag, which is required."""
    tag = call.query.get("tag_name")
    if not tag:
        raise unprocessable("tag_name is required")
    ids = {droplet["id"] for droplet in state["droplets"] if tag in droplet["tags"]}
    return _remove_droplets(state, ids), Response(204, None)


def list_firewalls(state: State, call: Call) -> Result:
    """List the firewalls that name a droplet or one of its tags."""
    droplet = find_droplet(state, call)
    attached = [
        firewall
        for firewall in state["firewalls"]
        if droplet["id"] in firewall["droplet_ids"] or set(droplet["tags"]) & set(firewall["tags"])
    ]
    return state, page(call, "firewalls", attached)


def find_droplet(state: State, call: Call) -> Object:
    """Return the droplet of the request's path. Raises ErrorResponse (404)."""
    return store.find(state, "droplets", store.numeric_id(call.params["droplet"]))


def _list_filter(call: Call) -> Callable[[Object], bool]:
    """Return a list's filter: by `tag_name`, or by `name` (exact, any case) and `type`.

    Raises ErrorResponse (422).
    """
    tag, name = call.query.get("tag_name"), call.query.get("name")
    kind = call.query.get("type", "droplets")
    if tag is not None and (name is not None or "type" in call.query):
        raise unprocessable("tag_name can not be combined with name or type")
    if kind not in {"droplets", "gpus"}:
        raise unprocessable("type must be droplets or gpus")

    def matches(droplet: Object) -> bool:
        return (
            is_gpu_size(droplet["size_slug"]) == (kind == "gpus")
            and (tag is None or tag in droplet["tags"])
            and (name is None or droplet["name"].lower() == name.lower())
        )

    return matches


def _remove_droplets(state: State, ids: set[int]) -> State:
    """Remove droplets, also from the firewalls and projects that name them."""
    state = store.remove(state, "droplets", lambda droplet: droplet["id"] in ids)
    firewalls = [
        firewall
        | {"droplet_ids": [number for number in firewall["droplet_ids"] if number not in ids]}
        for firewall in state["firewalls"]
    ]
    urns = {f"do:droplet:{number}" for number in ids}
    assignments = {
        urn: assignment for urn, assignment in state["project_resources"].items() if urn not in urns
    }
    return state | {"firewalls": firewalls, "project_resources": assignments}
