"""Replace one top-level member of a JSON text; every other character stays as it is.

The text is scanned, not printed again: `json` loses white space, the notation of numbers, escapes
and all but the last of equal keys. The grammar is RFC 8259; what Python's reader also takes (`NaN`)
is passed over too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class Member:
    """A key with its value, as offsets into the text."""

    key: str
    key_start: int
    key_end: int
    value_start: int
    value_end: int


@dataclass(frozen=True, slots=True)
class TopObject:
    """The top object of a text: its braces' offsets and its members in order."""

    opening: int
    closing: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is laid out.

    `margin` is the indentation of the top object's brace; `indent` what each level adds, None
    where the top object stands on one line.
    """

    margin: str
    indent: str | None
    newline: str
    colon: str
    comma: str
    ascii_only: bool


def scan(text: str) -> TopObject:
    """Find the members of the top object. Raises ValueError (json's) for anything else.

    Also RecursionError, for values nested deeper than Python's reader goes.
    """
    opening = at = _blank(text, int(text.startswith(_BOM)))
    _expect(text, at, "{")
    at = _blank(text, at + 1)
    members: list[Member] = []
    while text[at : at + 1] != "}" or members:
        _expect(text, at, '"')
        key, key_end = _DECODER.raw_decode(text, at)
        colon = _blank(text, key_end)
        _expect(text, colon, ":")
        start = _blank(text, colon + 1)
        _, end = _DECODER.raw_decode(text, start)
        members.append(Member(key, at, key_end, start, end))
        at = _blank(text, end)
        if text[at : at + 1] == "}":
            break
        _expect(text, at, ",")
        at = _blank(text, at + 1)
    rest = _blank(text, at + 1)
    if rest != len(text):
        raise json.JSONDecodeError("Extra data", text, rest)
    return TopObject(opening, at, tuple(members))


def member_value(text: str, key: str) -> Any:
    """Return a top-level member's value, every object as a tuple of its pairs; None without it.

    Of several members with the key, the last: that is the one readers of JSON take.
    """
    members = [member for member in scan(text).members if member.key == key]
    return _PAIRS.decode(text[members[-1].value_start : members[-1].value_end]) if members else None


def texts_of_object(text: str, key: str) -> dict[str, str]:
    """Return how each value is written in the object that a top-level member is, by its key.

    Raises what `scan` does; of several members with one key the last counts.
    """
    members = [member for member in scan(text).members if member.key == key]
    inner = text[members[-1].value_start : members[-1].value_end]
    return {
        member.key: inner[member.value_start : member.value_end] for member in scan(inner).members
    }


def replace_member(
    text: str, key: str, value: Mapping[str, Any], as_they_are: Mapping[str, str] | None = None
) -> str:
    """Return the text with the member's value replaced, or the member added at the end.

    The value is laid out as the rest of the text is, but for those of its values that are given
    as they are to be written. Raises what `scan` does.
    """
    top = scan(text)
    layout = layout_of(text, top)
    written = _laid_out(value, layout, as_they_are or {})
    members = [member for member in top.members if member.key == key]
    if members:
        return text[: members[-1].value_start] + written + text[members[-1].value_end :]
    member = json.dumps(key) + layout.colon + written
    if not top.members:
        return text[: top.opening + 1] + member + text[top.opening + 1 :]
    last = top.members[-1].value_end
    return text[:last] + "," + _between(text, top) + member + text[last:]


def layout_of(text: str, top: TopObject) -> Layout:
    """See how a text is laid out, from its top object alone."""
    if not top.members:
        return Layout("", None, "\n", ": ", ", ", text.isascii())
    first = top.members[0]
    lead = text[top.opening + 1 : first.key_start]
    breaks = _NEWLINE.findall(lead)
    colon = text[first.key_end : first.value_start]
    if _NEWLINE.search(colon):
        colon = ": "
    between = _between(text, top)
    # The member's indentation has that of its brace in front, for a top object that is indented.
    margin = _NEWLINE.split(text[: top.opening])[-1].lstrip(_BOM)
    return Layout(
        margin=margin,
        indent=_NEWLINE.split(lead)[-1].removeprefix(margin) if breaks else None,
        newline=breaks[-1] if breaks else "\n",
        colon=colon,
        comma="," + ("" if _NEWLINE.search(between) else between),
        ascii_only=text.isascii(),
    )


def _between(text: str, top: TopObject) -> str:
    """Return the white space that stands before a member that is not the first."""
    if len(top.members) > 1:
        before, after = top.members[-2:]
        return text[text.index(",", before.value_end) + 1 : after.key_start]
    lead = text[top.opening + 1 : top.members[0].key_start]
    if _NEWLINE.search(lead):
        return lead
    first = top.members[0]
    return " " if text[first.value_start - 1] != ":" else ""


def _laid_out(value: Mapping[str, Any], layout: Layout, as_they_are: Mapping[str, str]) -> str:
    """Write a value that begins one level inside the top object."""
    marks = {name: f"\0{number}\0" for number, name in enumerate(as_they_are)}
    json_text = _json_text({**value, **marks}, layout)
    for name, mark in marks.items():
        json_text = json_text.replace(json.dumps(mark), as_they_are[name])
    return json_text


def _json_text(value: Mapping[str, Any], layout: Layout) -> str:
    if layout.indent is None:
        separators = (layout.comma, layout.colon)
        return json.dumps(value, ensure_ascii=layout.ascii_only, separators=separators)
    json_text = json.dumps(
        value,
        ensure_ascii=layout.ascii_only,
        indent=layout.indent,
        separators=(",", layout.colon),
    )
    # A string holds no line break as such, so every one is json's own.
    return json_text.replace("\n", layout.newline + layout.margin + layout.indent)


def _blank(text: str, at: int) -> int:
    """Return where the white space (RFC 8259, 2) that begins here ends."""
    return _WHITE.match(text, at).end()  # type: ignore[union-attr] # it matches nothing, too


def _expect(text: str, at: int, mark: Literal["{", '"', ":", ","]) -> None:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"Expecting {mark!r}", text, at)


_BOM: Final = "\ufeff"
_WHITE: Final = re.compile(r"[ \t\n\r]*")
_NEWLINE: Final = re.compile(r"\r\n|\n|\r")
_DECODER: Final = json.JSONDecoder()
_PAIRS: Final = json.JSONDecoder(object_pairs_hook=tuple)
