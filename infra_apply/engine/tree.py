"""A plan, or what was done, as a tree to read: one line a resource, children below parents."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra_apply.terminal.safe_text import Colour, painted, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from infra_apply.engine.events import Step

_SYMBOLS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "+-",
    "create-replacement": "+-",
    "delete-replaced": "+-",
    "import": "=",
    "import-replacement": "=",
    "read": ">",
    "discard": "<",
}
_COLOURS: Mapping[str, Colour] = {
    "+": "green",
    "~": "yellow",
    "-": "red",
    "+-": "magenta",
    "=": "cyan",
    ">": "cyan",
    "<": "yellow",
}
_COUNT_WORDS = {
    "+": ("to create", "created"),
    "=": ("to import", "imported"),
    "~": ("to update", "updated"),
    "+-": ("to replace", "replaced"),
    "-": ("to delete", "deleted"),
    ">": ("to read", "read"),
    "<": ("to forget", "forgotten"),
    "": ("unchanged", "unchanged"),
}
_WIDEST_VALUE = 40
_MOST_KEYS = 4
# What a refresh found in PostgreSQL that an update mends: sentences (`render/grants.py`).
_DRIFT = "drift"
# What stands for a value that only the real run will know (sdk/go/common/resource/plugin/rpc.go).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def lines(
    steps: Sequence[Step],
    colour: bool,
    *,
    done: bool = False,
    notes: Mapping[tuple[str, str], str] | None = None,
) -> list[str]:
    """Draw `steps` as an indented tree that ends in a line of counts.

    A line is `SYMBOL Type name`, for an update with the top-level inputs that change; symbols are
    + create, ~ update, - delete, +- replace, = import, > read. What stays the same is only drawn
    where something below it changes, and counted.
    Sorted by type and name below each parent, whatever the order of `steps`; default providers
    are left out, as in Pulumi's own counts. `done` counts what was made, not what is planned, and
    names what failed or was not finished.
    `notes` says more about a resource: (last word of its type, name) -> text.
    """
    steps_by_urn = {
        step.urn: step for step in steps if not step.type.startswith("pulumi:providers:")
    }
    if not steps_by_urn:
        return ["nothing in this stack"]
    children: dict[str, list[Step]] = {}
    for step in steps_by_urn.values():
        parent = step.parent_urn if step.parent_urn in steps_by_urn else ""
        children.setdefault(parent, []).append(step)
    drawing = _Drawing(
        children=children,
        changing=_changing(steps_by_urn),
        gutter=max(len(_symbol(step)) for step in steps_by_urn.values()),
        notes=_align_notes(notes or {}, steps_by_urn.values()),
        done=done,
    )
    drawn = list(_draw("", drawing, 0))
    tree = [_coloured(line, step) if colour else line for line, step in drawn]
    return [*tree, *([""] if tree else []), _counts(list(steps_by_urn.values()), done=done)]


@dataclass(frozen=True, slots=True)
class _Drawing:
    children: Mapping[str, list[Step]]
    changing: AbstractSet[str]
    gutter: int
    notes: Mapping[tuple[str, str], str]
    done: bool


def _draw(parent: str, drawing: _Drawing, depth: int) -> Iterator[tuple[str, Step]]:
    for step in _sorted(drawing.children.get(parent, [])):
        if step.urn not in drawing.changing:
            continue
        margin = f"{_symbol(step):<{drawing.gutter}} {'  ' * depth}"
        note = drawing.notes.get((_kind(step), step.name), "")
        end = _end(step, done=drawing.done)
        label = f"{_kind(step)} {step.name}" + (f"  {end.upper()}" if end else "")
        yield printable(f"{margin}{label}{_changes(step)}{note}"), step
        yield from _draw(step.urn, drawing, depth + 1)


def _changing(steps_by_urn: Mapping[str, Step]) -> set[str]:
    """What changes, and what it is part of."""
    changing: set[str] = set()
    for step in steps_by_urn.values():
        ancestor: Step | None = step if _symbol(step) else None
        while ancestor is not None and ancestor.urn not in changing:
            changing.add(ancestor.urn)
            ancestor = steps_by_urn.get(ancestor.parent_urn)
    return changing


def _align_notes(
    notes: Mapping[tuple[str, str], str], steps: Iterable[Step]
) -> dict[tuple[str, str], str]:
    """Put the notes of each type in one column."""
    widest: Counter[str] = Counter()
    for step in steps:
        if (_kind(step), step.name) in notes:
            widest[_kind(step)] = max(widest[_kind(step)], len(step.name))
    return {
        (kind, name): f"{' ' * (widest[kind] - len(name))}  {note}"
        for (kind, name), note in notes.items()
    }


def _coloured(line: str, step: Step) -> str:
    symbol = _symbol(step)
    return painted(line, _COLOURS[symbol], enabled=True) if symbol else line


def _symbol(step: Step) -> str:
    return _SYMBOLS.get(step.op, "")


def _sorted(level: Sequence[Step]) -> list[Step]:
    return sorted(level, key=lambda step: (_kind(step), _natural(step.name), step.urn))


def _natural(name: str) -> list[tuple[int, str]]:
    """web2 before web10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _end(step: Step, *, done: bool) -> str:
    """Say how a change ended that was not done: it failed, or the run ended before it did."""
    if step.status == "failed":
        return "failed"
    is_open = done and step.custom and step.status == "started"
    return "unfinished" if is_open and _symbol(step) else ""


def _kind(step: Step) -> str:
    return step.type.rsplit(":", 1)[-1]


def _changes(step: Step) -> str:
    """Say which top-level inputs a step changes: `  size: a -> b, tags`."""
    if _symbol(step) not in {"~", "+-", "="}:
        return ""
    if drift := step.old_inputs.get(_DRIFT):
        return f"  {_DRIFT}: {'; '.join(map(str, drift))}"
    keys = sorted({_top_level_key(path) for path in step.detailed_diff} or set(step.changed))
    parts = [_change(key, step) for key in keys[:_MOST_KEYS]]
    hidden = len(keys) - _MOST_KEYS
    if hidden > 0:
        parts.append(f"{hidden} more")
    return f"  {', '.join(parts)}" if parts else ""


def _change(key: str, step: Step) -> str:
    old, new = step.old_inputs.get(key), step.inputs.get(key)
    if _short(old) and _short(new) and old != new:
        return f"{key}: {_text(old)} -> {_text(new)}"
    return key


def _short(value: Any) -> bool:
    return value is None or (
        isinstance(value, str | int | float) and len(str(value)) <= _WIDEST_VALUE
    )


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if value == _UNKNOWN:
        return "known later"
    return str(value) if isinstance(value, str) and value.isprintable() else json.dumps(value)


def _top_level_key(path: str) -> str:
    """Give the first key of a property path: `tags[0]`, `a.b` and `["x.y"].z` give tags, a, x.y."""
    if quoted := re.match(r'\["((?:[^"\\]|\\.)*)"\]', path):
        return quoted[1]
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _counts(steps: Sequence[Step], *, done: bool) -> str:
    ends = Counter(_end(step, done=done) for step in steps)
    counted = Counter(_symbol(step) for step in steps if not _end(step, done=done))
    named = {symbol: words[done] for symbol, words in _COUNT_WORDS.items()}
    parts = [f"{counted[symbol]} {named[symbol]}" for symbol in named if counted[symbol]]
    parts += [f"{ends[end]} {end}" for end in ("failed", "unfinished") if ends[end]]
    return ", ".join(parts)
