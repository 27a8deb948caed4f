"""Reading and changing the state without mutating it: every change returns a new state.

A collection is a top-level key of the state that holds a list of objects.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_apply.rehearsal.simulator.account.messages import (
    JSON,
    Object,
    State,
    not_found,
)


def find(state: State, collection: str, value: JSON, key: str = "id") -> Object:
    """Return the object whose `key` is `value`. Raises ErrorResponse (404)."""
    items: list[Object] = state[collection]
    for item in items:
        if item[key] == value:
            return item
    raise not_found()


def numeric_id(identifier: str) -> int:
    """Return a path's numeric id. Raises ErrorResponse (404) for anything but a number."""
    if not (identifier.isascii() and identifier.isdigit()):
        raise not_found()
    return int(identifier)


def add(state: State, collection: str, *items: Object) -> State:
    return state | {collection: [*state[collection], *items]}


def replace(state: State, collection: str, item: Object, key: str = "id") -> State:
    """Return the state with `item` in the place of the object that has the same `key`."""
    return state | {
        collection: [item if old[key] == item[key] else old for old in state[collection]]
    }


def remove(state: State, collection: str, condition: Callable[[Object], bool]) -> State:
    """Return the state without the objects for which the condition holds."""
    return state | {collection: [item for item in state[collection] if not condition(item)]}


def next_number(state: State, counter: str) -> tuple[State, int]:
    """Count one of the state's `next_id` counters up and return its number."""
    number: int = state["next_id"][counter]
    return state | {"next_id": state["next_id"] | {counter: number + 1}}, number


def next_uuid(state: State, counter: str, prefix: str) -> tuple[State, str]:
    """Return an unused id in the shape of a UUID; `prefix` (8 hex digits) tells kinds apart."""
    state, number = next_number(state, counter)
    return state, uuid(prefix, number)


def uuid(prefix: str, number: int) -> str:
    return f"{prefix}-0000-4000-8000-{number:012d}"
