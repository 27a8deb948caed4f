"""Objects that exist and that the API's lists do not show yet.

The state's `hidden` list, which is absent while nothing is hidden, holds `{until, list, id}`: until
the time `until` (seconds since 1970), the list at the path `list` lacks the object with this id
(its name, if it has no id). The object itself is answered at its own path.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account.messages import JSON, Object, State


def hide_new(before: State, state: State, path: str, until: float) -> State:
    """Hide what the list at `path` holds in `state` and did not in `before`, until a time."""
    old = {_identifier(item) for item in _items(before, path)}
    new = [_identifier(item) for item in _items(state, path) if _identifier(item) not in old]
    hidden = [{"until": until, "list": path, "id": identifier} for identifier in new]
    return state | {"hidden": [*state.get("hidden", ()), *hidden]} if hidden else state


def show_due(state: State, now: float) -> State:
    """Return the state in which nothing is hidden any more that was hidden until `now`."""
    hidden: list[Object] = state.get("hidden", [])
    rest = [entry for entry in hidden if entry["until"] > now]
    if len(rest) == len(hidden):
        return state
    return state | {"hidden": rest} if rest else _without(state, "hidden")


def visible(state: State, path: str) -> State:
    """Return the state as a GET of `path` sees it: without what is hidden and not named there."""
    named = path.split("/")
    for entry in state.get("hidden", ()):
        if str(entry["id"]) not in named:
            items = [item for item in _items(state, entry["list"]) if not _is(item, entry["id"])]
            state = _with_items(state, entry["list"], items)
    return state


def _items(state: State, path: str) -> list[Object]:
    """Return the objects that the list at a path holds; none if it is no list of the state's."""
    collection, cluster_id, member = _place(path)
    if member is None:
        items = state.get(collection)
        return items if isinstance(items, list) else []
    for cluster in state["databases"]:
        if cluster["id"] == cluster_id:
            members = cluster.get(member)
            return members if isinstance(members, list) else []
    return []


def _with_items(state: State, path: str, items: list[Object]) -> State:
    collection, cluster_id, member = _place(path)
    if member is None:
        return state | {collection: items}
    clusters = [
        cluster | {member: items} if cluster["id"] == cluster_id else cluster
        for cluster in state["databases"]
    ]
    return state | {"databases": clusters}


def _place(path: str) -> tuple[str, str | None, str | None]:
    """Return a list's key in the state; for one inside a cluster, the cluster's id and its key."""
    match path.strip("/").split("/")[1:]:
        case [collection]:
            return collection, None, None
        case ["account", "keys"]:
            return "keys", None, None
        case ["databases", cluster_id, member]:
            return "databases", cluster_id, member
    return "", None, None


def _identifier(item: Object) -> JSON:
    return item.get("id", item.get("name"))


def _is(item: Object, identifier: JSON) -> bool:
    return bool(_identifier(item) == identifier)


def _without(state: State, key: str) -> State:
    return {name: value for name, value in state.items() if name != key}
