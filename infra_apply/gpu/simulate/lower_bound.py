"""A bound below which no plan serves a trace, in seconds of slots, beside the jobs' own seconds.

Jobs wait at most `wait` seconds, but for `late` of them, which may wait for ever. Slots are counted
in levels, as if they were stacked: the first level is there while any slot is.

The first level. Cut its life into the spans in which it is there without an end. Each costs a boot.
Sorted by their beginnings, the jobs of a span are consecutive ones, `i` to `j`: the first begins at
`at[i] + wait` at the latest, the last at `at[j]` at the earliest; the span holds all between.
There, what no job can fill is idle. The least over all ways to cut the trace is a bound; that
several jobs run at a time is left to the further levels, and costs nothing here.

The further levels. Where many jobs come at a time, their seconds divided by the time in which all
are over say how many slots there are at some moment of it. After a pause in which no job can be at
work, each of these idled through the pause or boots.

Late jobs cost what a Lagrangian multiplier says, which is a bound whatever it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from infra_apply.gpu.simulate.trace import Job

_Crowd: TypeAlias = tuple[float, tuple[tuple[int, int], ...]]
"""What a slot costs after a pause, and how many there must be without 0, 1, ... of the jobs."""


def least_overhead(
    trace: Sequence[Job], *, wait: float, late: int, boot: float, jobs_per_slot: int
) -> float:
    """Return seconds of boots and idleness that no plan saves; at least a boot."""
    crowds = [
        (min(boot, pause), tuple(_slots_at_once(jobs, wait, jobs_per_slot)))
        for pause, jobs in _clusters(trace, wait)
    ]
    multipliers = [part * boot for part in _MULTIPLIERS]
    first = max(_first_level(trace, wait, late, boot, lateness) for lateness in multipliers)
    further = max(_further_levels(crowds, late, lateness) for lateness in multipliers)
    # A late job may also fill a pause, which would have cost a boot at the most.
    return max(boot, max(boot, first) + max(0.0, further) - late * boot)


def _first_level(
    trace: Sequence[Job], wait: float, late: int, boot: float, lateness: float
) -> float:
    """Return the bound of the first level where a late job costs `lateness` seconds.

    Long traces are cut, and a slot that was there at a cut is counted once more.
    """
    carried_over = _carried_over(trace)
    begins = range(0, len(trace), _BLOCK)
    cost = sum(
        _cheapest_cuts(trace[begin : begin + _BLOCK], carried_over[begin:], wait, boot, lateness)
        for begin in begins
    )
    return cost - boot * (len(begins) - 1) - lateness * late


def _cheapest_cuts(
    jobs: Sequence[Job],
    carried_over: Sequence[float],
    wait: float,
    boot: float,
    lateness: float,
) -> float:
    """Return the least cost of spans, each of consecutive jobs, and of jobs that are late."""
    cheapest = [0.0] * (len(jobs) + 1)  # of the first n jobs
    for last, last_job in enumerate(jobs):
        best, filled = cheapest[last] + lateness, 0.0
        for first in range(last, -1, -1):
            filled += jobs[first].service
            idle = last_job.at - jobs[first].at - wait - filled - carried_over[first]
            best = min(best, cheapest[first] + boot + max(0.0, idle))
        cheapest[last + 1] = best
    return cheapest[-1]


def _carried_over(trace: Sequence[Job]) -> list[float]:
    """Return for how long jobs that came before each may be at work once it has begun.

    Both wait as long as they may, so that how long that is does not matter.
    """
    seconds, earlier = [], list[Job]()
    for job in trace:
        earlier = [other for other in earlier if other.at + other.service > job.at]
        seconds.append(sum(other.at + other.service - job.at for other in earlier))
        earlier.append(job)
    return seconds


def _further_levels(crowds: Sequence[_Crowd], late: int, lateness: float) -> float:
    """Return the bound of the levels above the first where a late job costs `lateness` seconds."""
    return -lateness * late + sum(
        min(max(0, count - 1) * worth + lateness * removed for removed, count in counts)
        for worth, counts in crowds
    )


def _clusters(trace: Sequence[Job], wait: float) -> Iterator[tuple[float, Sequence[Job]]]:
    """Yield the parts between which no job can be at work, each with the pause before it."""
    begin, busy_until, pause = 0, -math.inf, math.inf
    for index, job in enumerate(trace):
        if job.at > busy_until and index:
            yield pause, trace[begin:index]
            begin, pause = index, job.at - busy_until
        busy_until = max(busy_until, job.at + wait + job.service)
    yield pause, trace[begin:]


def _slots_at_once(
    jobs: Sequence[Job], wait: float, jobs_per_slot: int
) -> Iterator[tuple[int, int]]:
    """Yield how many slots there must be at some moment, without the longest jobs: 0, 1, ..."""
    crowd = max(_crowds(jobs), key=lambda crowd: _density(crowd, wait), default=jobs)
    seconds = sum(job.service for job in crowd)
    length = crowd[-1].at - crowd[0].at + wait + max(job.service for job in crowd)
    for removed, longest in enumerate(sorted((job.service for job in crowd), reverse=True)):
        yield removed, math.ceil(seconds / (length * jobs_per_slot) - _ROUNDING)
        seconds -= longest
    yield len(crowd), 0


def _crowds(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Yield parts of jobs that may be crowds: all of them, and what comes between longer pauses."""
    yield jobs
    gaps = sorted({later.at - earlier.at for earlier, later in pairwise(jobs)}, reverse=True)
    for gap in gaps[:_TRIED]:
        begin = 0
        for index in range(1, len(jobs) + 1):
            if index == len(jobs) or jobs[index].at - jobs[index - 1].at >= gap:
                yield jobs[begin:index]
                begin = index


def _density(jobs: Sequence[Job], wait: float) -> float:
    length = jobs[-1].at - jobs[0].at + wait + max(job.service for job in jobs)
    return sum(job.service for job in jobs) / length if length else 0.0


_MULTIPLIERS: Final = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
_BLOCK: Final = 400
_TRIED: Final = 20
_ROUNDING: Final = 1e-9
