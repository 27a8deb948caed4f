"""What was seen of a pool's queue, as far as decisions need it: pure.

Work is counted in slots: level 2 is needed while there is work for more than one slot. How long a
level was not needed says how long a slot of it is worth keeping, whatever slots there were.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Queue:
    """One reading of a queue: jobs that wait, and jobs at work.

    `finished` counts jobs that ended since any time in the past; None where nobody counts.
    """

    waiting: int
    running: int
    finished: int | None = None

    def level(self, jobs_per_slot: int) -> int:
        """Return how many slots there is work for."""
        return -(-(self.waiting + self.running) // jobs_per_slot)


@dataclass(frozen=True, slots=True)
class Level:
    """How a level was needed. `unneeded_since` is in seconds since 1970, None while it is needed.

    `gaps` are the seconds for which it was not needed, the newest last.
    """

    unneeded_since: float | None = None
    gaps: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What a pool's readings came to. `levels` begin with level 1.

    `begun` and `at` are the times of the first and the last reading, in seconds since 1970.
    `worked` seconds of jobs were seen while `ended` jobs ended, both of late.
    """

    begun: float | None = None
    levels: tuple[Level, ...] = ()
    last: Queue | None = None
    at: float | None = None
    worked: float = 0.0
    ended: float = 0.0

    @property
    def job_seconds(self) -> float | None:
        """Return how long a job takes; None where the signal does not say how many ended."""
        return self.worked / self.ended if self.ended >= _ENOUGH_JOBS else None

    def level(self, number: int) -> Level:
        """Return what is known of a level, the first of which is 1."""
        return self.levels[number - 1] if number <= len(self.levels) else Level(self.begun)


def remember(history: History, queue: Queue, jobs_per_slot: int, now: float) -> History:
    """Take in a reading of the queue at `now`, in seconds since 1970."""
    needed = queue.level(jobs_per_slot)
    count = max(len(history.levels), needed)
    levels = tuple(
        _next_level(history.level(number), needed=number <= needed, now=now)
        for number in range(1, count + 1)
    )
    begun = now if history.begun is None else history.begun
    return _count_jobs(replace(history, begun=begun, levels=levels), queue, now)


def _next_level(level: Level, *, needed: bool, now: float) -> Level:
    if not needed:
        return level if level.unneeded_since is not None else replace(level, unneeded_since=now)
    if level.unneeded_since is None:
        return level
    gap = max(0.0, now - level.unneeded_since)
    return Level(None, (*level.gaps, gap)[-_KEPT_GAPS:])


def _count_jobs(history: History, queue: Queue, now: float) -> History:
    """Count what was worked and what ended since the last reading; what is long ago fades."""
    last, at = history.last, history.at
    counted = replace(history, last=queue, at=now)
    if last is None or at is None or last.finished is None or queue.finished is None:
        return counted
    ended = queue.finished - last.finished
    if ended < 0 or now < at:  # the counter, or the clock, began anew
        return counted
    worked = (last.running + queue.running) / 2 * (now - at)
    kept = _FADE**ended
    return replace(
        counted, worked=history.worked * kept + worked, ended=history.ended * kept + ended
    )


_KEPT_GAPS: Final = 50
_ENOUGH_JOBS: Final = 3
_FADE: Final = 0.98
"""A job's weight fades by this with each that ends after it: the last fifty count most."""
