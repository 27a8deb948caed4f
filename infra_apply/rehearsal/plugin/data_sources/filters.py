"""`filters` and `sorts` of the data sources that list things."""

from __future__ import annotations

import re
from typing import Final

from infra_apply.rehearsal.plugin.schema import JSON, Failed, Object

MATCHES: Final = ("exact", "re", "substring")


def arranged(items: list[Object], args: Object) -> list[Object]:
    """The items that pass every filter, in the order of the sorts. Raises Failed."""
    for each in args.get("filters") or []:
        items = [item for item in items if passes(item, each)]
    for each in reversed(args.get("sorts") or []):
        name = camel(each["key"])
        items = sorted(items, key=lambda item: item[name], reverse=each.get("direction") == "desc")
    return items


def answered(what: str, items: list[Object], args: Object) -> Object:
    """A listing data source's result: the items, the arguments with their defaults, an id."""
    result: Object = {camel(what): items, "id": f"{what}/1"}
    if args.get("filters"):
        result["filters"] = [{"all": False, "matchBy": "exact"} | f for f in args["filters"]]
    if args.get("sorts"):
        result["sorts"] = [{"direction": "asc"} | s for s in args["sorts"]]
    return result


def passes(item: Object, filtering: Object) -> bool:
    """Whether the item's value, or one of its values, matches one (or `all`) of the filter's."""
    name = camel(filtering["key"])
    how = filtering.get("matchBy") or "exact"
    if name not in item or how not in MATCHES:
        raise Failed(f'unsupported filter: key "{filtering["key"]}", match_by "{how}"')
    held = item[name] if isinstance(item[name], list) else [item[name]]
    hits = [
        any(matches(written(value), wanted, how) for value in held)
        for wanted in filtering["values"]
    ]
    return all(hits) if filtering.get("all") else any(hits)


def matches(value: str, wanted: str, how: str) -> bool:
    if how == "re":
        return re.search(wanted, value) is not None
    return wanted in value if how == "substring" else wanted == value


def written(value: JSON) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)
