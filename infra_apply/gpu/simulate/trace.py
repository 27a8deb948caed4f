"""A trace of jobs: when each comes, and how long it takes.

A line of JSON a job, `{"t": seconds, "service_s": seconds}`, in any order; `t` counts from whenever
the trace begins.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from infra_apply.errors import Usage


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A job comes `at` and takes a slot for `service` seconds."""

    at: float
    service: float


def parse_trace(lines: Iterable[str], name: str) -> tuple[Job, ...]:
    """Return a trace's jobs in the order in which they come.

    Raises Usage, with the first lines that are wrong, where one is not a job, or none is.
    """
    jobs, wrong = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            jobs.append(_job(json.loads(line)))
        except (ValueError, RecursionError) as error:
            wrong.append(f"{name}:{number}: {error}")
    if wrong:
        more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise Usage("\n".join(wrong[:_SHOWN]) + more, next_step=_FORMAT)
    if not jobs:
        raise Usage(f"{name} has no job", next_step=_FORMAT)
    return tuple(sorted(jobs))


def _job(value: object) -> Job:
    if not isinstance(value, dict):
        raise ValueError("a job is an object")  # noqa: TRY004 - a wrong line is one mistake
    return Job(_seconds(value, "t"), _seconds(value, "service_s"))


def _seconds(job: dict[str, object], key: str) -> float:
    value = job.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{key}` is not a number of seconds")  # noqa: TRY004
    if not math.isfinite(value) or not 0 <= value <= _LONGEST:
        raise ValueError(f"`{key}` is not between 0 and {_LONGEST:,} seconds")
    return float(value)


_SHOWN: Final = 10
_LONGEST: Final = 10 * 365 * 24 * 3600
_FORMAT: Final = 'write a line a job: {"t": 0, "service_s": 60}'
