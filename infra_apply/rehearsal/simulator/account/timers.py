"""Actions that take time: a droplet that boots, a resize, a reboot.

The state's `pending` list holds `{at, action, droplet, set}`: when `at` (seconds since
1970) has come, the action is completed and the droplet gets the fields in `set`. With `image` the
account has that image then, and the droplet its id among its `snapshot_ids`.
The state's `waits` are seconds: {"droplet", "gpu_droplet", "action"}; a user may edit them.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.catalogue import is_gpu_size
from infra_apply.rehearsal.simulator.account.messages import Call, Object, State, timestamp


def complete_due_actions(state: State, now: float) -> State:
    """Return the state after every action that is due by `now`, in order of time."""
    due = sorted(
        (timer for timer in state["pending"] if timer["at"] <= now), key=lambda timer: timer["at"]
    )
    if not due:
        return state
    state = state | {"pending": [timer for timer in state["pending"] if timer["at"] > now]}
    for timer in due:
        state = _complete(state, timer)
    return state


def start_action(
    state: State, call: Call, droplet: Object, kind: str, changes: Object
) -> tuple[State, Object]:
    """Start an action on a droplet that sets the fields of `changes` once it is over.

    A `create` lasts as long as the state's wait for such a droplet, anything else as long as the
    wait for an action. Returns the new state and the action (in progress).
    """
    boot = "gpu_droplet" if is_gpu_size(droplet["size_slug"]) else "droplet"
    wait = boot if kind == "create" else "action"
    state, number = store.next_number(state, "action")
    action = {
        "id": number,
        "status": "in-progress",
        "type": kind,
        "started_at": timestamp(call.now),
        "completed_at": None,
        "resource_id": droplet["id"],
        "resource_type": "droplet",
        "region": droplet["region"],
        "region_slug": droplet["region"]["slug"],
    }
    timer = {
        "at": call.now + state["waits"][wait] / call.clock_scale,
        "action": number,
        "droplet": droplet["id"],
        "set": changes,
    }
    state = store.add(state, "actions", action)
    return store.add(state, "pending", timer), action


def add_image_at_end(state: State, action: Object, image: Object) -> State:
    """Return the state in which an action that has begun makes an image when it is over."""
    pending = [
        timer | {"image": image} if timer["action"] == action["id"] else timer
        for timer in state["pending"]
    ]
    return state | {"pending": pending}


def has_pending_action(state: State, droplet: Object) -> bool:
    """Say whether an action on the droplet is still going on."""
    return any(timer["droplet"] == droplet["id"] for timer in state["pending"])


def _complete(state: State, timer: Object) -> State:
    droplets = [droplet for droplet in state["droplets"] if droplet["id"] == timer["droplet"]]
    for droplet in droplets:
        changes = timer["set"]
        if image := timer.get("image"):
            state = store.add(state, "images", image)
            changes = changes | {"snapshot_ids": [*droplet["snapshot_ids"], image["id"]]}
        state = store.replace(state, "droplets", droplet | changes)
    for action in state["actions"]:
        if action["id"] == timer["action"]:
            outcome = {
                # The droplet may have been destroyed while the action went on.
                "status": "completed" if droplets else "errored",
                "completed_at": timestamp(timer["at"]),
            }
            state = store.replace(state, "actions", action | outcome)
    return state
