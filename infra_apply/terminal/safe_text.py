"""Text as it may leave the program: it steers no terminal, no CI service and no engine.

Names come from manifests, the mesh, settings, tags and answers of an API, so a text may hold
anything. What is escaped here: every character that is not printable (control characters, controls
of writing direction, halves of surrogate pairs), and what somebody reads as a command. GitHub's
runner takes a line whose first characters are `::`, blanks aside, and `##[` anywhere ("Workflow
commands for GitHub Actions"; actions/runner, ActionCommand.cs); Azure Pipelines and TeamCity take
`##vso[` and `##teamcity[`; the Pulumi engine takes `<{%` for a colour, and ends in a panic where it
knows none of that name (sdk/go/common/diag/colors). Our own colours are put on after that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, Literal

Colour = Literal[
    "red", "green", "yellow", "magenta", "cyan", "dim", "bold red", "bold yellow", "bold cyan"
]


def printable(text: str, *, stand_in: str | None = None) -> str:
    """Return a part of a line; what is not printable, line breaks too, is escaped or `stand_in`."""
    return _escaped(text, (lambda _: stand_in) if stand_in else _escape, "\t")


def painted(text: str, colour: Colour, *, enabled: bool) -> str:
    """Return a part of a line, made printable, in a colour where that is `enabled`."""
    text = printable(text)
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if enabled else text


def safe(text: str, *, colours: bool = False, annotations: bool = False) -> str:
    """Return a text of any number of lines, with everything escaped that could steer a reader.

    Left as they are: our own colours with `colours`, and lines that begin as the annotations that
    we make (`::error `, `::warning `, `::notice `) with `annotations`.
    """
    # Every second part is one of our colours.
    parts = _PAINT.split(text) if colours else [text]
    parts[::2] = [_escaped(part, _escape, _LAYOUT) for part in parts[::2]]
    text = _marked("".join(parts), _escape)
    commands = _OTHER_COMMAND if annotations else _COMMAND
    return commands.sub(lambda command: command[0][:-1] + _escape(":"), text)


def json_text(value: Any) -> str:
    """Return a value as indented JSON that says the same and is safe to print."""
    return safe_json(json.dumps(value, indent=2, ensure_ascii=False))


def safe_json(text: str) -> str:
    r"""Return a JSON text that says the same, its strings safe to print.

    JSON holds such characters inside strings alone, where `\uXXXX` means the same.
    """
    return _marked(_escaped(text, _json_escape, _LAYOUT), _json_escape)


def encodable(text: str, encoding: str) -> str:
    r"""Return a text that an encoding can hold: what it lacks becomes `\uXXXX`, as in JSON."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(letter if letter.isascii() else _json_escape(letter) for letter in text)
    return text


def _escaped(text: str, escape: Callable[[str], str], kept: str) -> str:
    """Escape what is not printable, the characters that are `kept` excepted."""
    if (text.replace("\n", "") if "\n" in kept else text).isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in kept else escape(letter) for letter in text
    )


def _marked(text: str, escape: Callable[[str], str]) -> str:
    """Escape the character before what would make a mark of it."""
    return _MARK.sub(lambda mark: mark[0][:-1] + escape(mark[0][-1]), text)


def _escape(letter: str) -> str:
    r"""Write a character as Python writes one that is not printable: `\x1b`, `\n`, `\u202e`."""
    return f"\\x{ord(letter):02x}" if " " < letter < "\x7f" else ascii(letter)[1:-1]


def _json_escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if letter.isascii() else json.dumps(letter)[1:-1]


_CODES: Final[dict[Colour, str]] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
    "dim": "2",
    "bold red": "1;31",
    "bold yellow": "1;33",
    "bold cyan": "1;36",
}
_PAINT: Final = re.compile(rf"(\x1b\[(?:0|{'|'.join(_CODES.values())})m)")
_MARK: Final = re.compile(r"##(?=[A-Za-z]*\[)|<(?=\{%)")
_COMMAND: Final = re.compile(rf"^(?:[ \t]|{_PAINT.pattern})*:(?=:)", re.MULTILINE)
_OTHER_COMMAND: Final = re.compile(
    rf"(?!::(?:error|warning|notice) ){_COMMAND.pattern}", re.MULTILINE
)
_LAYOUT: Final = "\n\t"
