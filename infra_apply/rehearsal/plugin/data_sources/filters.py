"""The arguments `filters` and `sorts` of the data sources that list resources."""

from __future__ import annotations

import re
from typing import Final

from infra_apply.rehearsal.plugin.errors import ProviderError
from infra_apply.rehearsal.plugin.values import JSON, Object

MATCHES: Final = ("exact", "re", "substring")


def filter_and_sort(items: list[Object], args: Object) -> list[Object]:
    """Return the items that pass every filter, in the order of the sorts. Raises ProviderError."""
    for filter_ in args.get("filters") or []:
        items = [item for item in items if _passes(item, filter_)]
    for sort in reversed(args.get("sorts") or []):
        name = _camel_case(sort["key"])
        items = sorted(items, key=lambda item: item[name], reverse=sort.get("direction") == "desc")
    return items


def list_result(name: str, items: list[Object], args: Object) -> Object:
    """Return a data source's result: the items, the arguments with their defaults, an id."""
    result: Object = {_camel_case(name): items, "id": f"{name}/1"}
    if args.get("filters"):
        result["filters"] = [
            {"all": False, "matchBy": "exact"} | filter_ for filter_ in args["filters"]
        ]
    if args.get("sorts"):
        result["sorts"] = [{"direction": "asc"} | sort for sort in args["sorts"]]
    return result


def _passes(item: Object, filter_: Object) -> bool:
    """Say whether a value of the item matches one (or, with `all`, every one) of the filter's."""
    name = _camel_case(filter_["key"])
    match_by = filter_.get("matchBy") or "exact"
    if name not in item or match_by not in MATCHES:
        raise ProviderError(f'unsupported filter: key "{filter_["key"]}", match_by "{match_by}"')
    values = item[name] if isinstance(item[name], list) else [item[name]]
    matched = [
        any(_matches(_to_string(value), expected, match_by) for value in values)
        for expected in filter_["values"]
    ]
    return all(matched) if filter_.get("all") else any(matched)


def _matches(value: str, expected: str, match_by: str) -> bool:
    if match_by == "re":
        return re.search(expected, value) is not None
    return expected in value if match_by == "substring" else expected == value


def _to_string(value: JSON) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _camel_case(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)
