"""Bytes of a YAML file -> a Document: plain values, and the place of every key and value.

Manifests and settings are read by this one reader. It folds the parser's events instead of
composing nodes: nesting is bounded before anything recurses (libyaml's own composer overflows the
C stack on a few hundred kilobytes of `[`), an alias shares its value instead of copying it, and
what a plain scalar looked like stays known.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import yaml
from yaml.constructor import SafeConstructor

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.lines import lines_of, place_in
from infra_apply.diagnostics.model import Diagnostic, Place, Related
from infra_apply.inputs.document import Document, Path
from infra_apply.inputs.yaml_codes import (
    EXPANDED_TOO_FAR,
    GIVEN_TWICE,
    KEY_IS_NO_TEXT,
    NOT_A_MAPPING,
    NOT_THE_TYPE_IT_LOOKS,
    NOT_UTF8,
    NOT_YAML,
    SECOND_DOCUMENT,
    TAGGED,
    TOO_LARGE,
)

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_VALUES: Final = 20_000
MAX_NUMBER: Final = 100
"""Characters of a number. `0xfff...` and `1:00:00...` grow without a limit of Python's own, which
has one for writing them in decimal."""


def read(path: str, source: bytes) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Read one YAML mapping. Without a document there is at least one diagnostic.

    Never raises for any bytes. Takes UTF-8 with or without a byte order mark, at most MAX_BYTES.
    """
    if len(source) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB and was not read"
        hint = "a manifest is a page of text; move anything else out of it"
        return None, (Diagnostic(TOO_LARGE, Place(path), message, hint),)
    try:
        text = source.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return None, (_not_utf8(path, source, error),)
    if bad := _UNPRINTABLE.search(text):
        place = place_in(path, text, bad.start())
        message = f"character U+{ord(bad[0]):04X} does not belong in a YAML file"
        return None, (Diagnostic(NOT_UTF8, place, message, "delete it, or write it as an escape"),)
    reader = _Reader(Document(path, source), text)
    try:
        reader.document()
    except _StopReading as stop:
        return None, (*reader.diagnostics, stop.diagnostic)
    except yaml.MarkedYAMLError as error:
        return None, (*reader.diagnostics, _syntax(path, text, error))
    finally:
        reader.close()
    return reader.into, tuple(reader.diagnostics)


# What YAML 1.1 (5.1) allows as it is; a byte order mark inside the text is not among it here,
# because it cannot be seen and changes what a key is called.
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2027\u2028\u2029\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
_TAG: Final = "tag:yaml.org,2002:"
_CONSTRUCT: Final = {
    _TAG + "null": SafeConstructor.construct_yaml_null,
    _TAG + "bool": SafeConstructor.construct_yaml_bool,
    _TAG + "int": SafeConstructor.construct_yaml_int,
    _TAG + "float": SafeConstructor.construct_yaml_float,
    _TAG + "timestamp": SafeConstructor.construct_yaml_timestamp,
}


class _StopReading(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class _Anchor:
    value: Any
    at: Path
    size: int


class _Reader:
    """The events of one file on their way into a Document."""

    def __init__(self, into: Document, text: str) -> None:
        self.into = into
        self.diagnostics: list[Diagnostic] = []
        self._loader = yaml.CSafeLoader(text)
        self._next: Callable[[], Any] = self._loader.get_event
        self._resolve: Callable[..., str] = self._loader.resolve
        self._scalars = SafeConstructor()
        self._anchors: dict[str, _Anchor | None] = {}
        self._count = 0

    def close(self) -> None:
        self._loader.dispose()

    def document(self) -> None:
        """Read the stream: exactly one document, a mapping at its top."""
        self._next()  # stream start
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            self._stop(NOT_A_MAPPING, event, "the file is empty", _FIRST_LINES)
        top = self._next()
        if not isinstance(top, yaml.MappingStartEvent):
            self._stop(NOT_A_MAPPING, top, "the top of the file must be a mapping", _FIRST_LINES)
        self.into.data.update(self._value(top, ()))
        self._next()  # document end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop(
                SECOND_DOCUMENT, event, "a second document starts here", "keep one, without `---`"
            )

    def _value(self, event: Any, at: Path) -> Any:
        mark: Any = event.start_mark
        self.into.values[at] = (mark.line + 1, mark.column + 1)
        self._count += 1
        if self._count > MAX_VALUES:
            self._stop(EXPANDED_TOO_FAR, event, _TOO_MANY)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, at)
        if event.tag is not None:
            self._report(TAGGED, event, _NO_TAGS, "remove the tag")
        before = self._count
        if event.anchor is not None:
            if event.anchor in self._anchors:  # YAML allows it, PyYAML's composer does not
                message = "an anchor of this name is already there"
                self._report(GIVEN_TWICE, event, message, "give one of the two another name")
            self._anchors[event.anchor] = None  # under way: an alias to it would never end
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, at)
        elif len(at) >= MAX_DEPTH:
            self._stop(EXPANDED_TOO_FAR, event, f"values are nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(at)
        else:
            value = self._sequence(at)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, at, self._count - before)
        return value

    def _scalar(self, event: Any, at: Path) -> Any:
        text: str = event.value
        if not event.implicit[0] or event.tag is not None:
            return text
        tag = self._resolve(yaml.ScalarNode, text, (True, False))
        if tag == _TAG + "str":
            return text
        self.into.plain[at] = text
        construct = _CONSTRUCT.get(tag)
        kind = tag.removeprefix(_TAG)
        hint = "put it in quotes if it is text"
        if len(text) > MAX_NUMBER:
            message = f"a YAML {kind} of {len(text):,} characters is no number anybody needs"
            self._report(NOT_THE_TYPE_IT_LOOKS, event, message, hint)
            return text
        try:
            if construct is not None:
                return construct(self._scalars, yaml.ScalarNode(tag, text))
        except (ValueError, OverflowError):
            pass
        message = f"this looks like a YAML {kind}, and is not one"
        self._report(NOT_THE_TYPE_IT_LOOKS, event, message, hint)
        return text

    def _sequence(self, at: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, (*at, len(items))))
        return items

    def _mapping(self, at: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        merged: list[tuple[Path, dict[str, Any]]] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._report(
                    KEY_IS_NO_TEXT, event, "a key must be plain text", "write `name: value`"
                )
                self._value(event, (*at, "?"))
                self._value(self._next(), (*at, "?"))
                continue
            key: str = event.value
            merges = key == "<<" and event.implicit[0]
            here = (*at, key)
            if key in entries or (merges and here in self.into.keys):
                self._report_duplicate(event, here)
                self._value(self._next(), (*at, "?", key))
                continue
            self._check_scalar_key(event)
            mark: Any = event.start_mark
            self.into.keys[here] = (mark.line + 1, mark.column + 1)
            value = self._value(self._next(), here)
            if merges:
                merged.extend(self._merged(event, here, value))
            else:
                entries[key] = value
        for source, mapping in merged:
            for key in mapping.keys() - entries.keys():
                self.into.links[*at, key] = (*source, key)
            entries = mapping | entries
        return entries

    def _merged(self, event: Any, at: Path, value: object) -> list[tuple[Path, dict[str, Any]]]:
        """`<<` takes one mapping or a list of them; what comes first wins."""
        if isinstance(value, dict):
            return [(at, value)]
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [((*at, index), item) for index, item in enumerate(value)]
        self._report(
            KEY_IS_NO_TEXT, event, "`<<` merges mappings only", "give it an alias to a mapping"
        )
        return []

    def _alias(self, event: Any, at: Path) -> Any:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            known = event.anchor in self._anchors
            problem = "is used inside itself" if known else "is used and never defined"
            self._stop(
                EXPANDED_TOO_FAR if known else NOT_YAML,
                event,
                f"the anchor of this alias {problem}",
            )
        self._count += anchor.size
        if self._count > MAX_VALUES:
            self._stop(EXPANDED_TOO_FAR, event, _TOO_MANY)
        self.into.links[at] = anchor.at
        return anchor.value

    def _check_scalar_key(self, event: Any) -> None:
        if event.tag is not None:
            self._report(TAGGED, event, _NO_TAGS, "remove the tag")

    def _report_duplicate(self, event: Any, at: Path) -> None:
        related = Related(self.into.key(*at), "the first one is here")
        # Deeper down it may be part of a value that nobody may see; the quoted line knows.
        message = f"the key `{at[0]}` is given twice" if len(at) == 1 else "a key is given twice"
        place = _place(self.into.path, event.start_mark)
        self.diagnostics.append(Diagnostic(GIVEN_TWICE, place, message, "keep one", (related,)))

    def _report(self, code: Code, event: Any, message: str, hint: str | None = None) -> None:
        place = _place(self.into.path, event.start_mark)
        self.diagnostics.append(Diagnostic(code, place, message, hint))

    def _stop(self, code: Code, event: Any, message: str, hint: str | None = None) -> NoReturn:
        raise _StopReading(
            Diagnostic(code, _place(self.into.path, event.start_mark), message, hint)
        )


def _place(path: str, mark: Any) -> Place:
    return Place(path, mark.line + 1, mark.column + 1)


def _not_utf8(path: str, source: bytes, error: UnicodeDecodeError) -> Diagnostic:
    before = source[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
    hint = "save it as UTF-8"
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        hint = "it looks like UTF-16: save it as UTF-8"
    return Diagnostic(NOT_UTF8, place_in(path, before, len(before)), "the file is not UTF-8", hint)


def _syntax(path: str, text: str, error: Any) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "this is not YAML"
    if mark is None:
        return Diagnostic(NOT_YAML, Place(path), problem)
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        problem += f" ({error.context} that begins on line {error.context_mark.line + 1})"
    lines = lines_of(text.encode())
    if mark.line >= len(lines):  # libyaml counts a line after a last one that is not ended
        return Diagnostic(NOT_YAML, Place(path, len(lines), len(lines[-1]) + 1), problem)
    hint = "indent with spaces" if "\t" in lines[mark.line][: mark.column + 1] else None
    return Diagnostic(NOT_YAML, _place(path, mark), problem, hint)


# Names of tags and anchors are not quoted: a password may begin with `!`, `&` or `*`.
_NO_TAGS: Final = "a tag is not allowed here"
_TOO_MANY: Final = f"more than {MAX_VALUES:,} values once aliases are expanded"
_FIRST_LINES: Final = "begin with `apiVersion: infra/v1`"
