"""Adding a setting to a YAML file: what is there already stays as it is, to the byte.

Round-trip writers of YAML keep comments and order, but write indentation, blanks, flow mappings
over several lines and alignment anew. Here the parser only tells where a mapping or a list ends,
and text goes in there; whether the file then says what it should is for the caller to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import yaml

from infra_apply.inputs.document import Path


class NoPlaceForSetting(Exception):
    """The file is written in a way that nothing can be added to by inserting text."""


def insert(text: str, path: Path, value: int | Sequence[str]) -> str:
    """Return YAML text with a value at a path of keys; what is missing on the way is made.

    A list is put at the end of the one that stands there already. `text` is one mapping with the
    first key of `path`, nested no deeper than our reader allows. Raises NoPlaceForSetting.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:  # what went in before had no place either
        raise NoPlaceForSetting from None
    step = _indentation_step(node)
    for depth, key in enumerate(path):
        child = _child(node, str(key))
        if child is None:
            return _into_mapping(text, node, path[depth:], value, step)
        node = child
    if isinstance(node, yaml.SequenceNode) and not isinstance(value, int):
        return _into_list(text, node, value)
    raise NoPlaceForSetting


def lines_of(path: Path, value: int | Sequence[str], indent: str = "", step: int = 2) -> list[str]:
    """Return a line for each key of a path, each `step` columns further in, the value at the end.

    The first stands at `indent`, which is blanks.
    """
    lines = [f"{indent}{' ' * step * depth}{_scalar(str(key))}:" for depth, key in enumerate(path)]
    return [*lines[:-1], f"{lines[-1]} {_written(value)}"]


def _indentation_step(top: Any) -> int:
    """Return how far the file sets what is below a key to the right: two columns, if unsure."""
    for _, value in top.value:
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            return int(value.value[0][0].start_mark.column) or 2
    return 2


def _child(node: Any, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        raise NoPlaceForSetting
    return next((value for name, value in node.value if name.value == key), None)


def _into_mapping(text: str, node: Any, path: Path, value: int | Sequence[str], step: int) -> str:
    if node.flow_style:
        end = _end_of_entry(*node.value[-1]) if node.value else node.end_mark.index - 1
        keys = ": {".join(_scalar(str(key)) for key in path)
        entry = f"{keys}: {_written(value)}{'}' * (len(path) - 1)}"
        return f"{text[:end]}{', ' if node.value else ''}{entry}{text[end:]}"
    indent = " " * node.value[0][0].start_mark.column
    return _with_lines(text, _end_of_entry(*node.value[-1]), lines_of(path, value, indent, step))


def _into_list(text: str, node: Any, names: Sequence[str]) -> str:
    end = _end(node.value[-1]) if node.value else node.end_mark.index - 1
    if node.flow_style:
        return f"{text[:end]}{', ' if node.value else ''}{_items(names)}{text[end:]}"
    first = node.value[0].start_mark
    dash = _DASH.match(text, first.index - first.column)
    if dash is None:
        raise NoPlaceForSetting
    return _with_lines(text, end, [f"{dash[0]}{_scalar(name)}" for name in names])


def _with_lines(text: str, end: int, lines: list[str]) -> str:
    """Put lines below the one in which something ends."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if end == 0 or text[end - 1] != "\n":  # a block of text ends where the next line begins
        end = text.find("\n", end) + 1
    if end == 0:
        return text + newline + newline.join(lines)
    return text[:end] + "".join(line + newline for line in lines) + text[end:]


def _end_of_entry(key: Any, value: Any) -> int:
    """Return where an entry of a mapping ends; the value of an alias stands before its key."""
    return max(int(key.end_mark.index), _end(value))


def _end(node: Any) -> int:
    """Return where a value's text ends; the marks of a block lead to what comes after it."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end_of_entry(*last) if isinstance(node, yaml.MappingNode) else _end(last)


def _written(value: int | Sequence[str]) -> str:
    return str(value) if isinstance(value, int) else f"[{_items(value)}]"


def _items(names: Sequence[str]) -> str:
    return ", ".join(map(_scalar, names))


def _scalar(text: str) -> str:
    """Write a text plainly where every reader of YAML takes it for one, else in quotes."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


_DASH: Final = re.compile(r"[ ]*- +")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*(?::[A-Za-z_][A-Za-z0-9_.\-]*)?")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
