"""What a trace costs at the least where the future is known: exactly, or a bound from below.

A job may begin up to `longest_wait` after it came, and one of twenty whenever it likes, as a 95th
percentile allows. Few jobs are shared among slots in every way there is; for more there is a bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.gpu.simulate.lower_bound import least_overhead
from infra_apply.gpu.simulate.trace import Job


@dataclass(frozen=True, slots=True)
class Least:
    """The least seconds that slots live, and whether that is exact or a bound from below."""

    slot_seconds: float
    is_exact: bool


def least_slot_seconds(
    trace: Sequence[Job], *, longest_wait: float, boot: float, jobs_per_slot: int, max_slots: int
) -> Least:
    """Return the least seconds of slots with which 95 of 100 jobs of a trace wait no longer."""
    if jobs_per_slot == 1 and len(trace) <= _FEW:
        exact = _least_sharing(trace, longest_wait, boot, max_slots)
        if exact is not None:
            return Least(exact, is_exact=True)
    work = sum(job.service for job in trace) / jobs_per_slot
    late = len(trace) - math.ceil(0.95 * len(trace))
    beside = least_overhead(
        trace, wait=longest_wait, late=late, boot=boot, jobs_per_slot=jobs_per_slot
    )
    return Least(work + beside, is_exact=False)


def _least_sharing(trace: Sequence[Job], wait: float, boot: float, max_slots: int) -> float | None:
    """Return the least over all ways to share the jobs among slots.

    None where the cheapest would have more slots at a time than there may be.
    """
    best, chosen = math.inf, []
    for groups in _groupings(trace, ()):
        lives = [_shortest_life(group, wait, boot) for group in groups]
        total = sum(end - begin for begin, end in lives)
        if total < best:
            best, chosen = total, lives
    at_once = max(sum(begin <= other < end for begin, end in chosen) for other, _ in chosen)
    return best if at_once <= max_slots else None


def _groupings(
    rest: Sequence[Job], groups: tuple[tuple[Job, ...], ...]
) -> Iterator[tuple[tuple[Job, ...], ...]]:
    if not rest:
        yield groups
        return
    job, *later = rest
    for index, group in enumerate(groups):
        yield from _groupings(later, (*groups[:index], (*group, job), *groups[index + 1 :]))
    yield from _groupings(later, (*groups, (job,)))


def _shortest_life(jobs: Sequence[Job], wait: float, boot: float) -> tuple[float, float]:
    """Return when a slot for these jobs begins and ends; it lives for ever where one waits longer.

    It begins as late as it can, so that it idles as little as it can.
    """
    latest = math.inf
    for job in reversed(jobs):
        latest = min(job.at + wait, latest - job.service)
    if latest < jobs[0].at:
        return -math.inf, math.inf
    begin, now = latest, latest
    for job in jobs:
        now = max(now, job.at)
        if now > job.at + wait + _ROUNDING:
            return -math.inf, math.inf
        now += job.service
    return begin - boot, now


_FEW: Final = 8
"""Jobs; there are 4,140 ways to share eight."""
_ROUNDING: Final = 1e-6
