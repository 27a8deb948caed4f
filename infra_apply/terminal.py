"""How text looks in a terminal: colour, tables, durations, plurals and progress."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TextIO

Colour = Literal[
    "red", "green", "yellow", "magenta", "cyan", "dim", "bold red", "bold yellow", "bold cyan"
]

BETWEEN_LINES: Final = 15.0
"""Seconds between two lines of a status where there is no terminal."""

BETWEEN_REWRITES: Final = 0.1
"""Seconds between two drawings of a status on a terminal."""


def wants_colour(stream: TextIO) -> bool:
    """Say whether output to a stream is coloured: it is a terminal, and NO_COLOR is not set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def painted(text: str, colour: Colour, *, enabled: bool) -> str:
    """Return a text in a colour, or as it is where colour is not `enabled`."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if enabled else text


def printable(text: str, *, stand_in: str | None = None) -> str:
    """Write control characters as escapes (or as `stand_in`), so that no file steers a terminal."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\t" else (stand_in or ascii(letter)[1:-1])
        for letter in text
    )


def plural(number: int, noun: str) -> str:
    """Write a number of things: `1 host`, `2 hosts`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> Iterator[str]:
    """Yield a line a row, the columns aligned to the left and two blanks apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()


def duration(seconds: float) -> str:
    """Write a length of time in whole minutes: `4 min`, `3 h 05 min`; a negative one with a `-`."""
    minutes = int(abs(seconds) // 60)
    hours, rest = divmod(minutes, 60)
    text = f"{hours} h {rest:02d} min" if hours else f"{rest} min"
    return f"-{text}" if seconds < 0 else text


def elapsed(seconds: float) -> str:
    """Write how long something has taken: `7 s`, `3 min 20 s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class StatusLine:
    """What a long step is doing, with the time since its start. Safe to call from several threads.

    `clock` gives seconds. On a terminal the status is one line, rewritten on every `tick`; where
    there is none, a line is printed every `between` seconds, and when the status first shows.
    """

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
        *,
        between: float = BETWEEN_LINES,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._tty = stream.isatty()
        self._between = BETWEEN_REWRITES if self._tty else between
        self._started = clock()
        self._status = ""
        self._shown: float | None = None
        self._drawn = False
        self._lock = threading.RLock()

    def say(self, line: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self.clear()
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def show(self, status: str) -> None:
        """Set what is under way; it shows at once if nothing showed lately."""
        with self._lock:
            self._status = status
            self.tick()

    def tick(self) -> None:
        """Show the status again if it is time to."""
        with self._lock:
            now = self._clock()
            due = self._shown is None or now - self._shown >= self._between
            if self._status and due:
                self._shown = now
                self._draw(f"{self._status} ({elapsed(now - self._started)})")

    def clear(self) -> None:
        """Take the rewritten line away."""
        with self._lock:
            if self._drawn:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
                self._drawn = False

    def end(self) -> None:
        """Show nothing more until the next `show`."""
        with self._lock:
            self.clear()
            self._status = ""
            self._shown = None

    def _draw(self, line: str) -> None:
        if self._tty:
            width = shutil.get_terminal_size().columns
            self._stream.write(f"\r\x1b[K{line[: width - 1]}")
            self._drawn = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()


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
