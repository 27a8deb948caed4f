"""What pydantic finds at a door (manifest, settings) -> diagnostics a person can act on."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.diagnostics.suggest import did_you_mean, nearest
from infra_apply.inputs.document import Document, Path


@dataclass(frozen=True, slots=True)
class Codes:
    """Which codes a door reports under: of the rule `schema` or of `settings`."""

    missing: Code
    unknown: Code
    type: Code
    choice: Code
    access: Code


WRONG_TYPE_WHY: Final = (
    "YAML guesses types from how a value looks; the convention says what each key holds"
)

Known = Mapping[tuple[str, ...], Sequence[str]]
"""The keys a mapping may have, by its path, with "*" for any name or index."""


def diagnostics(
    error: ValidationError,
    document: Document,
    codes: Codes,
    *,
    known: Known,
    locate: Callable[[Path], Path] = tuple,
) -> list[Diagnostic]:
    """Turn every error into a diagnostic at its key or value.

    `known` is for "did you mean"; `locate` maps a path in the validated value to one in the file.
    """
    problems = []
    for detail in error.errors(include_url=False, include_context=True):
        at = tuple(part for part in detail["loc"] if part != "[key]")
        if detail["type"] == "extra_forbidden":
            problems.append(
                _unknown_key(at, document.key(*locate(at)), codes, _known(known, at[:-1]))
            )
        else:
            problems.append(_wrong_value(detail, at, document, codes, locate))
    return problems


def _known(known: Known, at: Path) -> Sequence[str]:
    for path, names in known.items():
        if len(path) == len(at) and all(
            want in ("*", got) for want, got in zip(path, at, strict=True)
        ):
            return names
    return ()


def _unknown_key(at: Path, place: Place, codes: Codes, known: Sequence[str]) -> Diagnostic:
    key = str(at[-1])
    if redact.named_like_access(key) and codes.access != codes.unknown:
        message = f"`{_dotted(at)}` does not belong here: {redact.REASON}"
        return Diagnostic(codes.access, place, message, "remove it")
    return Diagnostic(
        codes.unknown, place, f"unknown key `{_dotted(at)}`", did_you_mean(key, known)
    )


def _wrong_value(
    detail: Any, at: Path, document: Document, codes: Codes, locate: Callable[[Path], Path]
) -> Diagnostic:
    kind: str = detail["type"]
    name = _dotted(at)
    place = document.value(*locate(at))
    if kind == "missing":
        place = document.key(*locate(at[:-1]))
        example = _EXAMPLES.get(str(at[-1]), "...")
        return Diagnostic(
            codes.missing, place, f"`{name}` is missing", f"add `{at[-1]}: {example}`"
        )
    if kind == "literal_error":
        choices = _choices(detail["ctx"]["expected"])
        listing = ", ".join(f"`{choice}`" for choice in choices)
        message = f"`{name}` is {description(detail['input'])}, and can be {listing}"
        near = nearest(str(detail["input"]), choices)
        meant = f"did you mean `{near}`?" if near else f"write `{at[-1]}: {choices[0]}`"
        return Diagnostic(codes.choice, place, message, meant)
    if kind in _WANTED:
        message = f"`{name}` must be {_WANTED[kind]}, and is {description(detail['input'])}"
        written = document.written(*locate(at))
        return Diagnostic(codes.type, place, message, _type_hint(detail, at, written))
    problem = detail["msg"].removeprefix("Value error, ")
    return Diagnostic(codes.type, place, f"`{name}`: {problem}")


def _type_hint(detail: Any, at: Path, written: str | None) -> str | None:
    value = detail["input"]
    if value is None:
        return "remove the key if there is nothing to say"
    if detail["type"] == "string_type" and written:
        return f'put it in quotes: "{written}"'
    if detail["type"] == "int_type" and isinstance(value, str) and _PORT_LIKE.fullmatch(value):
        return f"write `{at[-1]}: {value}`, without quotes"
    if detail["type"] == "int_type" and isinstance(value, str) and _OCTAL.fullmatch(value):
        return f"YAML 1.1 reads `{value}` as text; write `{at[-1]}: {int(value, 8)}`"
    if detail["type"] == "list_type" and isinstance(value, str) and description(value)[0] == '"':
        return f"write `{at[-1]}: [{value}]`"
    return None


def description(value: object) -> str:
    """Return a value as a message shows it: its kind, and itself if it is short and no secret."""
    kind = next(kind for types, kind in _KINDS if isinstance(value, types))
    if isinstance(value, str):
        if redact.without_shapes(value) != value or len(value) > _LONG:
            return f"a text of {len(value)} characters"
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool | int | float) and len(str(value)) <= _LONG:
        return f"{kind} {str(value).lower()}"
    return kind


def _dotted(at: Path) -> str:
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _choices(expected: str) -> list[str]:
    return [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]


_LONG: Final = 60
_PORT_LIKE: Final = re.compile(r"[0-9]{1,9}")
_OCTAL: Final = re.compile(r"0o[0-7]{1,9}")
_EXAMPLES: Final = {
    "apiVersion": "infra/v1",
    "project": "<the folder's name>",
    "provider": "digitalocean",
    "cluster": "<a shared cluster's name>",
    "name": "<the project's own database>",
    "user": "<the project's own user>",
    "projects": "[../*]",
    "meshHosts": "../net-tools/mesh-hosts.json",
    "size": "gpu-l40sx1-48gb",
}
_KINDS: Final = (
    (type(None), "empty (null)"),
    (bool, "the boolean"),
    (int | float, "the number"),
    (str, "text"),
    (dt.date | dt.datetime, "a date"),
    (Sequence, "a list"),
    (Mapping, "a mapping"),
    (object, "something else"),
)
_WANTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "too_short": "a list with at least one item",
}
