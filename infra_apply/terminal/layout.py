"""How text looks in a terminal: tables, durations, plurals and progress, and where colour is."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TextIO

from infra_apply.terminal.safe_text import encodable, printable, safe

BETWEEN_LINES: Final = 15.0
"""Seconds between two lines of a status where there is no terminal."""

BETWEEN_REWRITES: Final = 0.1
"""Seconds between two drawings of a status on a terminal."""


def wants_colour(stream: TextIO) -> bool:
    """Say whether output to a stream is coloured: it is a terminal, and NO_COLOR is not set."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def write(stream: TextIO, text: str, *, annotations: bool = False) -> None:
    """Write a text to a stream at once, with everything escaped that could steer a reader.

    Our own colours stay where the stream shows them. What the stream's encoding lacks is escaped.
    `annotations` are lines that are to steer a GitHub workflow run (`safe`).
    """
    text = safe(text, colours=wants_colour(stream), annotations=annotations)
    stream.write(encodable(text, stream.encoding or "utf-8"))
    stream.flush()


def plural(number: int, noun: str) -> str:
    """Write a number of things: `1 host`, `2 hosts`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> Iterator[str]:
    """Yield a line a row of printable cells, columns aligned to the left and two blanks apart."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"{indent}{'  '.join(cells)}".rstrip()


def duration(seconds: float) -> str:
    """Write a length of time in whole minutes: `4 min`, `3 h 05 min`; a negative one with a `-`."""
    minutes = int(abs(seconds) // 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
    return f"-{text}" if seconds < 0 else text


def elapsed(seconds: float) -> str:
    """Write how long something has taken: `7 s`, `3 min 20 s`."""
    minutes, whole_seconds = divmod(int(seconds), 60)
    return f"{minutes} min {whole_seconds:02d} s" if minutes else f"{whole_seconds} s"


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
        self._is_terminal = stream.isatty()
        self._between = BETWEEN_REWRITES if self._is_terminal else between
        self._started = clock()
        self._status = ""
        self._last_drawn: float | None = None
        self._line_is_drawn = False
        self._lock = threading.RLock()

    def say(self, line: str) -> None:
        """Print a line, or several, that stay."""
        with self._lock:
            self.clear()
            write(self._stream, f"{line}\n")

    def show(self, status: str) -> None:
        """Set what is under way; it shows at once if nothing showed lately."""
        with self._lock:
            self._status = status
            self.tick()

    def tick(self) -> None:
        """Show the status again if it is time to."""
        with self._lock:
            now = self._clock()
            due = self._last_drawn is None or now - self._last_drawn >= self._between
            if self._status and due:
                self._last_drawn = now
                self._draw(f"{self._status} ({elapsed(now - self._started)})")

    def clear(self) -> None:
        """Take the rewritten line away."""
        with self._lock:
            if self._line_is_drawn:
                self._stream.write(_CLEARED)
                self._stream.flush()
                self._line_is_drawn = False

    def end(self) -> None:
        """Show nothing more until the next `show`."""
        with self._lock:
            self.clear()
            self._status = ""
            self._last_drawn = None

    def _draw(self, line: str) -> None:
        if self._is_terminal:
            width = shutil.get_terminal_size().columns
            self._stream.write(_CLEARED)
            write(self._stream, printable(line)[: width - 1])
            self._line_is_drawn = True
        else:
            write(self._stream, f"{line}\n")


_CLEARED: Final = "\r\x1b[K"
