"""Reading and changing the state without mutating it: every change returns a new state.

A collection is a top-level key of the state that holds a list of objects.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_apply.rehearsal.simulator.account.wire import (
    JSON,
    Call,
    Object,
    Response,
    State,
    not_found,
)

DEFAULT_PAGE = 20
LARGEST_PAGE = 200


def find(state: State, collection: str, value: JSON, key: str = "id") -> Object:
    """The object whose `key` is `value`. Refused (404) when there is none."""
    for item in state[collection]:
        if item[key] == value:
            found: Object = item
            return found
    raise not_found()


def numbered(identifier: str) -> int:
    """A numeric id of a path. Refused (404) when it is not a number: no such thing exists."""
    if not (identifier.isascii() and identifier.isdigit()):
        raise not_found()
    return int(identifier)


def added(state: State, collection: str, *items: Object) -> State:
    return state | {collection: [*state[collection], *items]}


def changed(state: State, collection: str, item: Object, key: str = "id") -> State:
    """The state with `item` in the place of the object that has the same `key`."""
    return state | {
        collection: [item if old[key] == item[key] else old for old in state[collection]]
    }


def removed(state: State, collection: str, gone: Callable[[Object], bool]) -> State:
    return state | {collection: [item for item in state[collection] if not gone(item)]}


def next_number(state: State, counter: str) -> tuple[State, int]:
    """A number never given before in this account, from the state's `next_id` counters."""
    number: int = state["next_id"][counter]
    return state | {"next_id": state["next_id"] | {counter: number + 1}}, number


def next_uuid(state: State, counter: str, prefix: str) -> tuple[State, str]:
    """A UUID-shaped id never given before; `prefix` (8 hex digits) tells kinds apart."""
    state, number = next_number(state, counter)
    return state, uuid(prefix, number)


def uuid(prefix: str, number: int) -> str:
    return f"{prefix}-0000-4000-8000-{number:012d}"


def page(call: Call, key: str, items: list[JSON]) -> Response:
    """One page of `items` as the API lists them: `{<key>, links, meta: {total}}`.

    `page` and `per_page` (default 20, at most 200) come from the query; nonsense means default.
    """
    size = min(positive(call.query.get("per_page"), DEFAULT_PAGE), LARGEST_PAGE)
    number = positive(call.query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    body = {
        key: items[(number - 1) * size : number * size],
        "links": links(call, number, last, size),
        "meta": {"total": len(items)},
    }
    return Response(200, body)


def links(call: Call, number: int, last: int, size: int) -> Object:
    pages: dict[str, int] = {}
    if number > 1:
        pages |= {"first": 1, "prev": min(number - 1, last)}
    if number < last:
        pages |= {"next": number + 1, "last": last}
    if not pages:
        return {}
    filters = "".join(
        f"&{name}={value}" for name, value in call.query.items() if name not in {"page", "per_page"}
    )
    return {
        "pages": {
            word: f"{call.origin}{call.url}?page={target}&per_page={size}{filters}"
            for word, target in pages.items()
        }
    }


def positive(written: str | None, default: int) -> int:
    digits = written is not None and written.isascii() and written.isdigit()
    return (int(written[:9]) or default) if digits and written is not None else default
