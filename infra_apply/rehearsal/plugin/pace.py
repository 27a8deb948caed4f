"""A limit on requests a second, as the real provider's client has one."""

from __future__ import annotations

from threading import Lock


class Pace:
    """Turns that are `interval` seconds apart, for the requests of all threads."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = 0.0
        self._lock = Lock()

    def take_turn(self, now: float) -> float:
        """Take the next turn, and return how many seconds after `now` it is."""
        with self._lock:
            turn = max(now, self._next)
            self._next = turn + self._interval
        return turn - now
