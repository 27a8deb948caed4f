"""One page of a list, as every list of the API is answered."""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account.messages import JSON, Call, Object, Response

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 200


def page(call: Call, key: str, items: list[JSON]) -> Response:
    """Return one page of `items` as the API lists them: `{<key>, links, meta: {total}}`.

    `page` and `per_page` (default 20, at most 200) come from the query; what is no number is the
    default.
    """
    size = min(_positive(call.query.get("per_page"), DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)
    number = _positive(call.query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    body = {
        key: items[(number - 1) * size : number * size],
        "links": _links(call, number, last, size),
        "meta": {"total": len(items)},
    }
    return Response(200, body)


def _links(call: Call, number: int, last: int, size: int) -> Object:
    pages: dict[str, int] = {}
    if number > 1:
        pages |= {"first": 1, "prev": min(number - 1, last)}
    if number < last:
        pages |= {"next": number + 1, "last": last}
    if not pages:
        return {}
    filters = "".join(
        f"&{key}={value}" for key, value in call.query.items() if key not in {"page", "per_page"}
    )
    return {
        "pages": {
            name: f"{call.origin}{call.path}?page={target}&per_page={size}{filters}"
            for name, target in pages.items()
        }
    }


def _positive(text: str | None, default: int) -> int:
    digits = text is not None and text.isascii() and text.isdigit()
    return (int(text[:9]) or default) if digits and text is not None else default
