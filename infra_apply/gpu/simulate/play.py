"""Play a trace of jobs against a policy: slots boot, take jobs in their order, idle and end."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from infra_apply.gpu.decide import Decision, Observation, Policy, SlotSeen, decide
from infra_apply.gpu.history import History, Queue, remember
from infra_apply.gpu.simulate.cloud import Cloud
from infra_apply.gpu.simulate.trace import Job

Scaler = Callable[[Observation, Policy, float], Decision]
"""What decides: `decide`, or somebody else's policy."""

POLL: Final = 15.0
"""Seconds between two looks at the queue."""


@dataclass(frozen=True, slots=True)
class SlotLife:
    """When a slot was asked for and when it ended, and the seconds for which it had work."""

    begun: float
    ended: float
    busy: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What there was after a look: jobs that waited, slots that were there, and those at work."""

    at: float
    waiting: int
    slots: int
    busy: int


@dataclass(frozen=True, slots=True)
class Played:
    """What became of a trace: every job's wait in seconds, slots' lives, and how it looked.

    `killed` jobs were at work when their slot ended, and began anew.
    """

    waits: tuple[float, ...]
    lives: tuple[SlotLife, ...]
    moments: tuple[Moment, ...]
    killed: int


def play(trace: Sequence[Job], policy: Policy, scaler: Scaler = decide) -> Played:
    """Play the jobs of a trace, in order, until they are done and no slot is left."""
    return _Play(trace, policy, scaler).run()


@dataclass(slots=True)
class _Slot:
    id: str
    droplet: int
    begun: float
    ready_at: float
    jobs: set[int] = field(default_factory=set)
    busy_since: float = 0.0
    busy: float = 0.0


class _Play:
    """One trace being played; times are seconds since its begin."""

    def __init__(self, trace: Sequence[Job], policy: Policy, scaler: Scaler) -> None:
        self._trace, self._policy, self._scaler = trace, policy, scaler
        self._cloud = Cloud(policy.boot, max(policy.max_slots, 1) + 1)
        self._slots: dict[str, _Slot] = {}
        self._queue: deque[int] = deque()
        self._ends: list[tuple[float, int, str]] = []  # (when, job, slot)
        self._next = 0
        self._finished = 0
        self._history = History()
        self._waits = [0.0] * len(trace)
        self._lives: list[SlotLife] = []
        self._moments: list[Moment] = []
        self._killed = 0
        self._number = 0
        self._booted = -1.0  # slots that were ready by then have been looked at

    def run(self) -> Played:
        now = 0.0
        while self._finished < len(self._trace) or self._slots:
            self._advance(now)
            self._look(now)
            now = self._next_look(now)
        return Played(tuple(self._waits), tuple(self._lives), tuple(self._moments), self._killed)

    def _next_look(self, now: float) -> float:
        """Return when to look again; while nothing is there, not before the next job comes."""
        if self._slots or self._queue or self._next == len(self._trace):
            return now + POLL
        return now + max(1, -(-(self._trace[self._next].at - now) // POLL)) * POLL

    def _advance(self, until: float) -> None:
        """Let jobs come, begin and end up to a time."""
        while True:
            come = self._trace[self._next].at if self._next < len(self._trace) else _NEVER
            end = self._ends[0][0] if self._ends else _NEVER
            boot = min(
                (slot.ready_at for slot in self._slots.values() if slot.ready_at > self._booted),
                default=_NEVER,
            )
            at = min(come, end, boot)
            if at > until:
                self._booted = until
                return
            if at == end:
                self._end_job()
            elif at == come:
                self._queue.append(self._next)
                self._next += 1
            self._booted = max(self._booted, at)
            self._begin_jobs(at)

    def _begin_jobs(self, at: float) -> None:
        for slot in self._slots.values():
            while (
                self._queue and slot.ready_at <= at and len(slot.jobs) < self._policy.jobs_per_slot
            ):
                job = self._queue.popleft()
                if not slot.jobs:
                    slot.busy_since = at
                slot.jobs.add(job)
                self._waits[job] = at - self._trace[job].at
                heapq.heappush(self._ends, (at + self._trace[job].service, job, slot.id))

    def _end_job(self) -> None:
        at, job, slot_id = heapq.heappop(self._ends)
        slot = self._slots.get(slot_id)
        if slot is None or job not in slot.jobs:
            return  # it was killed with its slot
        slot.jobs.remove(job)
        self._finished += 1
        if not slot.jobs:
            slot.busy += at - slot.busy_since

    def _look(self, now: float) -> None:
        ready = self._cloud.ready(now)
        slots = tuple(
            SlotSeen(slot.id, ready[slot.droplet], bool(slot.jobs), None, self._policy.price)
            for slot in self._slots.values()
        )
        running = sum(len(slot.jobs) for slot in self._slots.values())
        queue = Queue(len(self._queue), running, self._finished)
        self._history = remember(self._history, queue, self._policy.jobs_per_slot, now)
        seen = Observation(queue, slots, self._history)
        decision = self._scaler(seen, self._policy, now)
        for slot_id in decision.end:
            self._end_slot(self._slots.pop(slot_id), now)
        for _ in range(decision.add):
            self._number += 1
            name = f"slot-{self._number}"
            droplet = self._cloud.create(name, now)
            self._slots[name] = _Slot(name, droplet, now, now + self._policy.boot)
        at_work = sum(bool(slot.jobs) for slot in self._slots.values())
        self._moments.append(Moment(now, len(self._queue), len(self._slots), at_work))

    def _end_slot(self, slot: _Slot, now: float) -> None:
        self._cloud.destroy(slot.droplet, now)
        if slot.jobs:
            slot.busy += now - slot.busy_since
            self._killed += len(slot.jobs)
            self._queue.extendleft(sorted(slot.jobs, reverse=True))
        self._lives.append(SlotLife(slot.begun, now, slot.busy))


_NEVER: Final = float("inf")
