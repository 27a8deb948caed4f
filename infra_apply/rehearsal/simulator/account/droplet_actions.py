"""POST /v2/droplets/{id}/actions and reading actions back.

An action is `in-progress` until the state's action wait is over; its effect shows then. A resize
needs a droplet that is off; a larger disk is permanent, so a size with a smaller one is refused.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import catalogue, store, timers
from infra_apply.rehearsal.simulator.account.droplets import addressed
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Response,
    State,
    text,
    unprocessable,
)

POWER = {
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


def act(state: State, call: Call) -> Answer:
    """Start an action: 201 and the action. 422 while another is going on, or if it cannot be."""
    droplet = addressed(state, call)
    kind = text(call.body, "type")
    if timers.busy(state, droplet):
        raise unprocessable("Droplet already has a pending event.")
    later = effect(state, call, droplet, kind)
    state, action = timers.start(state, call, droplet, kind, later)
    return state, Response(201, {"action": action})


def effect(state: State, call: Call, droplet: Object, kind: str) -> Object:
    """The fields that the droplet will have when the action completes. Refused (422)."""
    if kind in POWER:
        if kind == "power_off" and droplet["status"] == "off":
            raise unprocessable("Droplet is already powered off.")
        return {"status": POWER[kind]}
    if kind in FEATURES:
        feature, on = FEATURES[kind]
        others = [name for name in droplet["features"] if name != feature]
        return {"features": [*others, feature] if on else others}
    if kind == "rename":
        return {"name": text(call.body, "name")}
    if kind == "resize":
        return resized(state, call, droplet)
    raise unprocessable(f"The action {kind} is not modelled.")


def resized(state: State, call: Call, droplet: Object) -> Object:
    size = catalogue.find_size(state, text(call.body, "size"))
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


def get_action(state: State, call: Call) -> Answer:
    action = store.find(state, "actions", store.numbered(call.path["action"]))
    return state, Response(200, {"action": action})


def list_actions(state: State, call: Call) -> Answer:
    return state, store.page(call, "actions", list(reversed(state["actions"])))


def list_droplet_actions(state: State, call: Call) -> Answer:
    droplet = addressed(state, call)
    mine = [a for a in reversed(state["actions"]) if a["resource_id"] == droplet["id"]]
    return state, store.page(call, "actions", mine)


def get_droplet_action(state: State, call: Call) -> Answer:
    addressed(state, call)
    return get_action(state, call)
