"""What a policy came to on a trace: its cost, how long jobs waited, and what was wasted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra_apply.gpu.decide import Policy
from infra_apply.gpu.simulate.clairvoyant import least_slot_seconds
from infra_apply.gpu.simulate.play import Played, SlotLife
from infra_apply.gpu.simulate.trace import Job
from infra_apply.gpu.slot import BILLED_AT_LEAST


@dataclass(frozen=True, slots=True)
class Result:
    """One policy on a trace; None where nothing but the cost is known of it.

    `starts_per_100_jobs` and `bought_again` say how often slots were made: in all, and within a
    boot after another one had ended. `bound` says of the least cost whether it is `exact`, or
    `lower` than what can be had.
    """

    name: str
    cost: float
    p50_wait: float | None = None
    p95_wait: float | None = None
    idle_slot_hours: float | None = None
    busy_kills: int | None = None
    max_live: int | None = None
    starts_per_100_jobs: float | None = None
    bought_again: int | None = None
    bound: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the result as `gpu simulate --format json` lists it."""
        entry = {
            "name": self.name,
            "cost_usd": _rounded(self.cost, 4),
            "p50_wait_s": _rounded(self.p50_wait, 1),
            "p95_wait_s": _rounded(self.p95_wait, 1),
            "idle_slot_hours": _rounded(self.idle_slot_hours, 4),
            "busy_kills": self.busy_kills,
            "max_live": self.max_live,
            "starts_per_100_jobs": _rounded(self.starts_per_100_jobs, 2),
            "bought_again": self.bought_again,
        }
        return entry if self.bound is None else {**entry, "bound": self.bound}


def result(name: str, trace: Sequence[Job], played: Played, policy: Policy) -> Result:
    """Return what a policy came to."""
    lives = played.lives
    idle = sum(max(0.0, life.ended - life.begun - policy.boot) - life.busy for life in lives)
    return Result(
        name=name,
        cost=sum(_billed(life) for life in lives) * policy.price / 3600,
        p50_wait=percentile(played.waits, 50),
        p95_wait=percentile(played.waits, 95),
        idle_slot_hours=max(0.0, idle) / 3600,
        busy_kills=played.killed,
        max_live=max(moment.slots for moment in played.moments),
        starts_per_100_jobs=100 * len(lives) / len(trace),
        bought_again=_bought_again(lives, policy.boot),
    )


def clairvoyant(trace: Sequence[Job], policy: Policy, *, longest_wait: float) -> Result:
    """Return the least cost at which the 95th percentile of the waits is no longer."""
    least = least_slot_seconds(
        trace,
        longest_wait=longest_wait,
        boot=policy.boot,
        jobs_per_slot=policy.jobs_per_slot,
        max_slots=policy.max_slots,
    )
    bound = "exact" if least.is_exact else "lower"
    return Result(
        "clairvoyant", least.slot_seconds * policy.price / 3600, p95_wait=longest_wait, bound=bound
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the least of the values that so many of 100 do not pass (the nearest rank)."""
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def _bought_again(lives: Sequence[SlotLife], boot: float) -> int:
    """Count the slots that ended and were followed by a new one within a boot, each once."""
    begun = sorted(life.begun for life in lives)
    again = 0
    for ended in sorted(life.ended for life in lives):
        following = next((begin for begin in begun if ended <= begin <= ended + boot), None)
        if following is not None:
            begun.remove(following)
            again += 1
    return again


def _billed(life: SlotLife) -> float:
    return max(life.ended - life.begun, BILLED_AT_LEAST)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
