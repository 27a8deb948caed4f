"""A service's variables as texts that services are started with: dotenv, systemd and JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from infra_apply.errors import Refusal
from infra_apply.terminal.safe_text import json_text

Variables = Mapping[str, str]


def as_dotenv(variables: Variables) -> str:
    r"""Return a line a variable, sorted, which sh, docker compose and python-dotenv read alike.

    They agree on one value in quotes. Single quotes are taken first: `$` and backticks mean nothing
    in them, and lines may break. python-dotenv reads `\\` in them as one backslash, compose takes
    `\'` for a quote, and sh has no way to write a quote: such a value stands in double quotes,
    where all three read `\\` and `\"` alike, but not `\$`. python-dotenv replaces `${...}` whatever
    the quotes. (dash 0.5.12, compose-go 2.16.2, python-dotenv 1.2.4.)

    Raises Refusal for a value that they do not read alike, for one with a control character, and
    for a name that sh cannot set.
    """
    return _lines(variables, _dotenv_value, "dotenv")


def as_systemd(variables: Variables) -> str:
    r"""Return a line a variable, sorted, as systemd reads it from an `EnvironmentFile=`.

    Values stand in double quotes, in which a backslash stands before `"`, `\`, a backtick and `$`,
    and lines may break; `$` and `%` mean nothing there (systemd.exec(5)). Raises Refusal for a
    value with a control character, and for a name that systemd does not set.
    """
    return _lines(variables, _systemd_value, "systemd")


def as_json(variables: Variables) -> str:
    """Return one JSON object, sorted by name; it holds every name and every value."""
    return json_text(dict(sorted(variables.items()))) + "\n"


FORMATS: Final[Mapping[str, Callable[[Variables], str]]] = {
    "dotenv": as_dotenv,
    "json": as_json,
    "systemd": as_systemd,
}


def _lines(variables: Variables, value_text: Callable[[str], str | None], form: str) -> str:
    """Join the lines of a format; `value_text` is None for a value that the format cannot hold."""
    lines = []
    for name, value in sorted(variables.items()):
        if not _NAME.fullmatch(name):
            raise _refusal(f"`{name}` is no name that {form} can hold", "name it otherwise")
        text = value_text(value) if _is_printable(value) else None
        if text is None:
            raise _refusal(f"{form} cannot hold the value of {name} unchanged", "give it another")
        lines.append(f"{name}={text}\n")
    return "".join(lines)


def _dotenv_value(value: str) -> str | None:
    if "${" in value or value.endswith("\\"):
        return None
    if not _NOT_IN_SINGLE_QUOTES.search(value):
        return f"'{value}'"
    return None if _NOT_IN_DOUBLE_QUOTES.search(value) else _double_quoted(value, r'["\\]')


def _systemd_value(value: str) -> str:
    return _double_quoted(value, r'["\\`$]')


def _double_quoted(value: str, escaped: str) -> str:
    return '"' + re.sub(escaped, r"\\\g<0>", value) + '"'


def _is_printable(value: str) -> bool:
    """Say whether a value holds no control character; a line break and a tab are none here."""
    return value.translate({ord("\n"): None, ord("\t"): None}).isprintable()


def _refusal(message: str, otherwise: str) -> Refusal:
    return Refusal(
        message,
        state="nothing was printed or written",
        next_step=f"--format json holds it; or {otherwise}",
    )


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_IN_SINGLE_QUOTES: Final = re.compile(r"'|\\\\")
_NOT_IN_DOUBLE_QUOTES: Final = re.compile(r"[$`]")
