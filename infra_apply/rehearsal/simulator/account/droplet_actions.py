"""POST /v2/droplets/{id}/actions, reading actions back, and the snapshots that they made.

An action is `in-progress` until the state's wait for actions is over; the droplet changes then. A
resize needs a droplet that is off, and a size whose disk is no smaller: a disk never shrinks. A
snapshot is an image of the account's own, which outlives its droplet.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import catalogue, store, timers
from infra_apply.rehearsal.simulator.account.droplets import find_droplet
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    Object,
    Response,
    Result,
    State,
    required_string,
    timestamp,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

POWER_STATUS = {
    "power_on": "active",
    "power_off": "off",
    "shutdown": "off",
    "reboot": "active",
    "power_cycle": "active",
}
FEATURES = {
    "enable_backups": ("backups", True),
    "disable_backups": ("backups", False),
    "enable_ipv6": ("ipv6", True),
}
SNAPSHOT_FIELDS = (
    "id",
    "name",
    "created_at",
    "regions",
    "min_disk_size",
    "size_gigabytes",
    "type",
)


def create_action(state: State, call: Call) -> Result:
    """Start an action: 201 and the action; 422 if it cannot be done now."""
    droplet = find_droplet(state, call)
    kind = required_string(call.body, "type")
    if timers.has_pending_action(state, droplet):
        raise unprocessable("Droplet already has a pending event.")
    changes = _action_changes(state, call, droplet, kind)
    state, action = timers.start_action(state, call, droplet, kind, changes)
    if kind == "snapshot":
        state = timers.add_image_at_end(state, action, _snapshot(state, call, droplet))
    return state, Response(201, {"action": action})


def _action_changes(state: State, call: Call, droplet: Object, kind: str) -> Object:
    """Return the fields that the action will set. Raises ErrorResponse (422)."""
    if kind in POWER_STATUS:
        if kind == "power_off" and droplet["status"] == "off":
            raise unprocessable("Droplet is already powered off.")
        return {"status": POWER_STATUS[kind]}
    if kind in FEATURES:
        feature, enabled = FEATURES[kind]
        others = [name for name in droplet["features"] if name != feature]
        return {"features": [*others, feature] if enabled else others}
    if kind == "snapshot":
        return {}
    if kind == "rename":
        return {"name": required_string(call.body, "name")}
    if kind == "resize":
        return _resize_changes(state, call, droplet)
    raise unprocessable(f"The action {kind} is not modelled.")


def _snapshot(state: State, call: Call, droplet: Object) -> Object:
    """Return the image that a snapshot makes; a tenth of the disk is taken to be used."""
    return {
        "id": max((image["id"] for image in state["images"]), default=0) + 1,
        "name": str(call.body.get("name") or f"{droplet['name']}-{int(call.now)}"),
        "distribution": droplet["image"]["distribution"],
        "slug": None,
        "public": False,
        "regions": [droplet["region"]["slug"]],
        "created_at": timestamp(call.now),
        "min_disk_size": droplet["disk"],
        "type": "snapshot",
        "size_gigabytes": round(droplet["disk"] / 10, 2),
        "description": "",
        "tags": [],
        "status": "available",
        "error_message": "",
    }


def _resize_changes(state: State, call: Call, droplet: Object) -> Object:
    size = catalogue.find_size(state, required_string(call.body, "size"))
    if size is None or droplet["region"]["slug"] not in size["regions"]:
        raise unprocessable("Size is not available in this region.")
    if droplet["status"] != "off":
        raise unprocessable("Droplet is currently on. Please power it off to run this event.")
    if size["disk"] < droplet["disk"]:
        raise unprocessable("This size is not available because it has a smaller disk.")
    disk = size["disk"] if call.body.get("disk") is True else droplet["disk"]
    return {
        "size": size,
        "size_slug": size["slug"],
        "memory": size["memory"],
        "vcpus": size["vcpus"],
        "disk": disk,
    }


def get_action(state: State, call: Call) -> Result:
    action = store.find(state, "actions", store.numeric_id(call.params["action"]))
    return state, Response(200, {"action": action})


def list_actions(state: State, call: Call) -> Result:
    return state, page(call, "actions", list(reversed(state["actions"])))


def list_droplet_actions(state: State, call: Call) -> Result:
    droplet = find_droplet(state, call)
    actions = [
        action for action in reversed(state["actions"]) if action["resource_id"] == droplet["id"]
    ]
    return state, page(call, "actions", actions)


def get_droplet_action(state: State, call: Call) -> Result:
    find_droplet(state, call)
    return get_action(state, call)


def list_snapshots(state: State, call: Call) -> Result:
    """GET /v2/droplets/{id}/snapshots: the images that were made of a droplet, as snapshots."""
    made = set(find_droplet(state, call)["snapshot_ids"])
    snapshots = [
        {key: image[key] for key in SNAPSHOT_FIELDS}
        for image in state["images"]
        if image["id"] in made
    ]
    return state, page(call, "snapshots", snapshots)
