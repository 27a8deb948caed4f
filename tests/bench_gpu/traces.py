"""Five shapes of a day's work, each from its seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Final

from infra_apply.gpu.simulate.trace import Job

DAY: Final = 24 * 3600.0


def steady(seed: int) -> tuple[Job, ...]:
    """A job every two minutes or so, of four minutes or so, for eight hours."""
    chance = random.Random(seed)  # noqa: S311
    return _poisson(chance, 8 * 3600.0, lambda _: 1 / 120, lambda: chance.expovariate(1 / 240))


def bursty(seed: int) -> tuple[Job, ...]:
    """Twelve times a day thirty jobs at once, or nearly, of three minutes or so."""
    chance = random.Random(seed)  # noqa: S311
    begins = sorted(chance.uniform(0, DAY) for _ in range(12))
    return tuple(
        sorted(
            Job(begin + chance.uniform(0, 120), chance.uniform(60, 300))
            for begin in begins
            for _ in range(30)
        )
    )


def diurnal(seed: int) -> tuple[Job, ...]:
    """Two days that are busy at noon and quiet at night, jobs of five minutes or so."""
    chance = random.Random(seed)  # noqa: S311

    def rate(at: float) -> float:
        return max(0.0, 40 / 3600 * (0.5 - 0.5 * math.cos(2 * math.pi * at / DAY)) - 2 / 3600)

    return _poisson(chance, 2 * DAY, rate, lambda: chance.uniform(120, 480))


def hourly(seed: int) -> tuple[Job, ...]:
    """A job an hour, of ten minutes or so."""
    chance = random.Random(seed)  # noqa: S311
    return tuple(
        Job(hour * 3600 + chance.uniform(0, 120), chance.uniform(480, 720)) for hour in range(48)
    )


def heavy_tail(seed: int) -> tuple[Job, ...]:
    """A job every six minutes or so; most take a minute, few take hours."""
    chance = random.Random(seed)  # noqa: S311
    return _poisson(
        chance, DAY, lambda _: 1 / 360, lambda: min(60 * chance.paretovariate(1.1), 4 * 3600.0)
    )


def _poisson(
    chance: random.Random,
    seconds: float,
    rate: Callable[[float], float],
    service: Callable[[], float],
) -> tuple[Job, ...]:
    most = max(rate(seconds * step / 1000) for step in range(1001))
    jobs, at = [], 0.0
    while (at := at + chance.expovariate(most)) < seconds:
        if chance.random() < rate(at) / most:
            jobs.append(Job(at, service()))
    return tuple(jobs)


TRACES: Final[Mapping[str, Callable[[int], tuple[Job, ...]]]] = {
    "steady": steady,
    "bursty": bursty,
    "diurnal": diurnal,
    "one job an hour": hourly,
    "heavy tail": heavy_tail,
}
