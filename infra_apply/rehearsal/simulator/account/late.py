"""Requests whose effect comes after their answer was lost.

The state's `late` list, which is absent while nothing is late, holds `{at, request}`: at the time
`at` (seconds since 1970) the request has its effect, once, on the account as it is then.
"""

from __future__ import annotations

from contextlib import suppress

from infra_apply.rehearsal.simulator.account import hiding
from infra_apply.rehearsal.simulator.account.messages import (
    ChangeHook,
    ErrorResponse,
    Object,
    Request,
    State,
    allow_change,
)
from infra_apply.rehearsal.simulator.account.routes import handle
from infra_apply.rehearsal.simulator.account.timers import complete_due_actions


def postpone(state: State, request: Request, at: float) -> State:
    """Return the state in which a request is to have its effect at a time.

    User data is left out: it may hold secrets, and no account shows it.
    """
    body = request.body
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "user_data"}
    fields = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "body": body,
    }
    return state | {"late": [*state.get("late", ()), {"at": at, "request": fields}]}


def settle(
    state: State,
    now: float,
    *,
    clock_scale: float = 1.0,
    on_change: ChangeHook = allow_change,
) -> State:
    """Return the account as it is at `now`: with every effect that was due by then, in order.

    Such are the effects of late requests, the ends of actions, and what is hidden no longer. A
    late request that the account or the hook refuses has no effect.
    """
    late: list[Object] = state.get("late", [])
    for effect in sorted(late, key=lambda effect: float(effect["at"])):
        if effect["at"] > now:
            break
        state = _without_effect(state, effect)
        changed, _ = handle(
            state, Request(**effect["request"]), effect["at"], clock_scale=clock_scale
        )
        with suppress(ErrorResponse):
            on_change(state, changed)
            state = changed
    return hiding.show_due(complete_due_actions(state, now), now)


def _without_effect(state: State, effect: Object) -> State:
    rest = [other for other in state["late"] if other is not effect]
    if rest:
        return state | {"late": rest}
    return {key: value for key, value in state.items() if key != "late"}
