"""A file's lines as they may be quoted: keys, and the values of keys that are known by place.

A manifest or stack file may hold a password under any key, in a comment or where it does not parse.
So what is shown is listed, not what is hidden: the convention's and the settings' own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from infra_apply.diagnostics import redact

Keys = Mapping[tuple[str, ...], frozenset[str] | None]
"""The keys whose values may be shown, by the path of their mapping; None: whatever they are."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MANIFEST_KEYS: Final[Keys] = {
    (): _names("apiVersion project environment provider database service gpu depends_on"),
    ("database",): _names("cluster name user"),
    ("service",): _names("host runtime port systemd_unit"),
    ("gpu",): _names("mode droplet"),
}
_DROPLET: Final = "region size image sshKeys vpc tags backups userData "
SETTINGS_KEYS: Final[Keys] = {
    (): _names(
        "environment fleet projects meshHosts droplet hosts network external gpu databases retired"
        " owners"
    ),
    ("droplet",): _names(_DROPLET),
    ("hosts",): None,
    ("hosts", "*"): _names(
        _DROPLET + "adopt lookup create resizeDisk protect firewall projects reservedPorts"
    ),
    ("network",): _names("ssh public mesh"),
    ("network", "public"): None,
    ("external",): None,
    ("gpu",): _names("profiles pools requireReaper"),
    ("gpu", "profiles"): None,
    ("gpu", "profiles", "*"): _names("size region image userData"),
    ("gpu", "pools"): None,
    ("gpu", "pools", "*"): _names("maxSlots jobsPerSlot idle keepWarm maxHours budgetPerDay queue"),
    ("databases",): None,
    ("databases", "*"): _names("adopt closeDefault connections"),
    ("retired",): None,
    ("owners",): _names("projects clusters profiles quarantined"),
    ("owners", "projects"): None,
    ("owners", "clusters"): None,
    ("owners", "profiles"): None,
}


@dataclass(frozen=True, slots=True)
class Quotable:
    """A file's lines, and of each line the characters that may be shown."""

    lines: Sequence[str]
    visible: Sequence[Sequence[bool]]

    def line(self, number: int, end: int | None = None) -> str:
        """Return a line (1-based), or its first `end` characters, with dots for what is hidden."""
        text, visible = self.lines[number - 1][:end], self.visible[number - 1]
        parts: list[str] = []
        for letter, shown in zip(text, visible, strict=False):
            if shown:
                parts.append(letter)
            elif not parts or parts[-1] != redact.DOTS:
                parts.append(redact.DOTS)
        if end and visible[end - 1 : end + 1] == [False, False]:  # inside what dots stand for
            parts.pop()
        return redact.without_shapes("".join(parts))


def quotable(path: str, lines: Sequence[str]) -> Quotable:
    """Decide what of a file may be shown; of a file that is no YAML by its name, nothing."""
    file_name = path.rpartition("/")[2]
    if not file_name.endswith((".yaml", ".yml")):
        return Quotable((), ())
    settings = not file_name.startswith(".infra")
    visible = [[letter in _PUNCTUATION for letter in line] for line in lines]
    for line, text in zip(visible, lines, strict=True):
        for hidden in _COMMENT_OR_TAG.finditer(text):
            start, end = hidden.span(hidden.lastindex or 0)
            line[start:end] = [False] * (end - start)
    keys_and_values, unread = _spans("\n".join(lines), settings=settings)
    for first, last, shown in keys_and_values:
        _mark(visible, lines, first, last, shown=shown)
    if unread is not None:
        _hide_unread(visible, lines, unread)
    return Quotable(lines, visible)


_Mark = tuple[int, int]
"""0-based line and column."""

_Span = tuple[_Mark, _Mark, bool]
"""Where a key or a value starts and ends, and whether it may be shown."""


def _mark(
    visible: list[list[bool]], lines: Sequence[str], start: _Mark, end: _Mark, *, shown: bool
) -> None:
    for number in range(start[0], min(end[0], len(visible) - 1) + 1):
        line = visible[number]
        first = start[1] if number == start[0] else _indent(lines[number])
        last = min(end[1], len(line)) if number == end[0] else len(line)
        line[first:last] = [shown] * max(0, last - first)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _hide_unread(visible: list[list[bool]], lines: Sequence[str], unread: _Mark) -> None:
    """Hide what the parser did not come to, but for known keys at the beginning of lines."""
    for number in range(unread[0], len(lines)):
        line = lines[number]
        first = max(unread[1], _indent(line)) if number == unread[0] else _indent(line)
        key = _FIRST_KEY.match(line) if first == _indent(line) else None
        if key and key[1] in _ALL_KEYS:
            visible[number][: key.end()] = [True] * key.end()
            first = key.end()
        visible[number][first:] = [False] * max(0, len(line) - first)


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is being read; `key` is None where a mapping's next key stands."""

    path: tuple[str, ...]
    shown: bool
    is_list: bool
    start: _Mark
    key: str | None = None
    is_key: bool = False


def _spans(text: str, *, settings: bool) -> tuple[list[_Span], _Mark | None]:
    """Return the keys and values of a text, and where it stops being YAML, if it does.

    What is hidden as a whole comes at its end, after its parts.
    """
    loader = yaml.CSafeLoader(text)
    frames: list[_Frame] = []
    spans: list[_Span] = []
    unread: _Mark | None = (0, 0)
    try:
        while unread is not None:
            event: Any = loader.get_event()
            unread = _mark_of(event.end_mark)
            spans.extend(_of_event(event, frames, settings=settings))
            if isinstance(event, yaml.StreamEndEvent):
                unread = None
    except (yaml.YAMLError, ValueError):
        pass
    finally:
        loader.dispose()
    return spans, unread


def _of_event(event: Any, frames: list[_Frame], *, settings: bool) -> Iterator[_Span]:
    start, end = _mark_of(event.start_mark), _mark_of(event.end_mark)
    if isinstance(event, yaml.CollectionEndEvent):
        frame = frames.pop()
        if not frame.shown:
            yield frame.start, end, False
        if frames and not frames[-1].is_list:
            frames[-1].key = "?" if frame.is_key else None
    elif isinstance(event, yaml.CollectionStartEvent):
        path, shown = _place(frames, settings=settings)
        is_key = _awaits_key(frames)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        shown = shown and not is_key and not (is_list and not frames)
        frames.append(_Frame(path, shown, is_list, start, is_key=is_key))
    elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
        text = event.value if isinstance(event, yaml.ScalarEvent) else None
        if not frames:
            yield start, end, False
        elif _awaits_key(frames):
            frames[-1].key = "?" if text is None else text
            yield start, end, frames[-1].shown and text is not None
        else:
            yield start, end, _place(frames, settings=settings)[1]
            frames[-1].key = None


def _awaits_key(frames: Sequence[_Frame]) -> bool:
    return bool(frames) and not frames[-1].is_list and frames[-1].key is None


def _place(frames: Sequence[_Frame], *, settings: bool) -> tuple[tuple[str, ...], bool]:
    """Return the path of the value that follows, and whether it may be shown."""
    if not frames:
        return (), True
    around = frames[-1]
    if around.is_list or around.key is None or around.key == "<<":
        # No known mapping stands in a list.
        return (*around.path, "[]") if around.is_list else around.path, around.shown
    key = around.key
    path = (*around.path, key)
    if not settings:
        return path, around.shown and _is_known(around.path, key, MANIFEST_KEYS)
    if len(path) == 1:
        return path, around.shown and key == "config"
    namespace, _, name = path[1].partition(":")
    if len(path) == 2:  # noqa: PLR2004 - `config` and a setting's name
        return path, around.shown and namespace == "infra-apply" and name in _SETTINGS
    inner = (name, *path[2:-1])
    return path, around.shown and _is_known(inner, key, SETTINGS_KEYS)


def _is_known(mapping: tuple[str, ...], key: str, known: Keys) -> bool:
    for path, names in known.items():
        if len(path) == len(mapping) and all(
            want in ("*", got) for want, got in zip(path, mapping, strict=True)
        ):
            return not redact.named_like_access(key) if names is None else key in names
    return False


def _mark_of(mark: Any) -> _Mark:
    return (mark.line, mark.column)


_SETTINGS: Final = SETTINGS_KEYS[()] or frozenset()
_ALL_KEYS: Final = frozenset(
    {key for keys in MANIFEST_KEYS.values() for key in keys or ()}
    | {f"infra-apply:{name}" for name in _SETTINGS}
    | {"config"}
)
_PUNCTUATION: Final = frozenset(" \t[]{},:-?#")
# A comment, or a tag, an anchor or a directive.
_COMMENT_OR_TAG: Final = re.compile(r"(?:^|\s)#[ ]?(.*)|(?<!\S)([!&%][^\s,\[\]{}]*)")
_FIRST_KEY: Final = re.compile(r"\s*(?:-\s+)?([\w:-]+)\s*:(?=\s|$)")
