"""What happens later: a droplet that boots, an action that completes.

The state's `pending` list holds `{at, action, droplet, set}`: when `at` (seconds since
1970) has come, the action is completed and the droplet gets the fields in `set`.
The state's `waits` are seconds: {"droplet", "gpu_droplet", "action"}; a user may edit them.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import Call, Object, State, stamp


def settle(state: State, now: float) -> State:
    """The state after everything that was due by `now` has happened, in order of time."""
    due = sorted((item for item in state["pending"] if item["at"] <= now), key=lambda i: i["at"])
    if not due:
        return state
    state = state | {"pending": [item for item in state["pending"] if item["at"] > now]}
    for item in due:
        state = complete(state, item)
    return state


def start(
    state: State, call: Call, droplet: Object, kind: str, later: Object
) -> tuple[State, Object]:
    """Start an action on a droplet that sets the fields of `later` once it is over.

    A `create` lasts as long as the droplet boots, anything else the action wait. Returns the new
    state and the action (in progress).
    """
    boot = "gpu_droplet" if droplet["size_slug"].startswith("gpu-") else "droplet"
    wait = boot if kind == "create" else "action"
    state, number = store.next_number(state, "action")
    action = {
        "id": number,
        "status": "in-progress",
        "type": kind,
        "started_at": stamp(call.now),
        "completed_at": None,
        "resource_id": droplet["id"],
        "resource_type": "droplet",
        "region": droplet["region"],
        "region_slug": droplet["region"]["slug"],
    }
    timer = {
        "at": call.now + state["waits"][wait] / call.clock,
        "action": number,
        "droplet": droplet["id"],
        "set": later,
    }
    state = store.added(state, "actions", action)
    return store.added(state, "pending", timer), action


def busy(state: State, droplet: Object) -> bool:
    """Whether an action on the droplet is still going on."""
    return any(item["droplet"] == droplet["id"] for item in state["pending"])


def complete(state: State, timer: Object) -> State:
    droplets = [item for item in state["droplets"] if item["id"] == timer["droplet"]]
    for droplet in droplets:
        state = store.changed(state, "droplets", droplet | timer["set"])
    for action in state["actions"]:
        if action["id"] == timer["action"]:
            end = {
                # The droplet may have been destroyed while the action went on.
                "status": "completed" if droplets else "errored",
                "completed_at": stamp(timer["at"]),
            }
            state = store.changed(state, "actions", action | end)
    return state
