"""Lines as YAML counts them: for the places of diagnostics, and for quoting them."""

from __future__ import annotations

import os
import re
from typing import Final

from infra_apply.diagnostics.model import Place


def lines_of(source: bytes) -> list[str]:
    """Return the lines of a file's text, without their line breaks."""
    return _LINE_BREAK.split(source.decode("utf-8", "replace").removeprefix("\ufeff"))


def place_in(path: str, text: str, offset: int) -> Place:
    """Return the place of a character offset in a text."""
    lines = _LINE_BREAK.split(text[:offset])
    return Place(path, len(lines), len(lines[-1]) + 1)


def read_lines(path: str) -> list[str]:
    """Read again the lines of a file that was read before; none if it has vanished since."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            return lines_of(file.read(_MAX_BYTES))
    except (OSError, ValueError):
        return []


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file that may have become a pipe meanwhile, which nobody writes to."""
    return os.open(path, flags | os.O_NONBLOCK)


_MAX_BYTES: Final = 16 * 1024 * 1024
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
