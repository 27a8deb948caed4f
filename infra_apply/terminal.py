"""What a long step says on stderr: one rewritten line on a terminal, few lines elsewhere."""

from __future__ import annotations

import shutil
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_LINES = 15.0
BETWEEN_REWRITES = 0.1


class Ticker:
    """Shows a status with the seconds since the start. Safe to call from several threads.

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


def elapsed(seconds: float) -> str:
    """7 s, 3 min 20 s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
