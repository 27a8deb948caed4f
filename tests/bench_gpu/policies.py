"""What others publish as their way to scale, as functions of the same observations.

Each gives a fresh scaler, since all of them remember something. Defaults are those of the source
that is named; where one leaves something to its user, a job a slot is what is asked for.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from infra_apply.gpu.decide import Decision, Observation, Policy, SlotSeen
from infra_apply.gpu.simulate.play import Scaler


def keda() -> Scaler:
    """KEDA's ScaledObject with the HPA (keda 8b4f083; Kubernetes' HPA v2 defaults).

    From 0 to 1 at once, to 0 after 300 s without work; between them a target of jobs a slot with
    a tolerance of a tenth, at most 4 or a doubling each 15 s, down to the most of the last 300 s.
    It does not know which slots are at work.
    """
    active_at = -math.inf
    recommended: deque[tuple[float, int]] = deque()

    def scale(seen: Observation, policy: Policy, now: float) -> Decision:
        nonlocal active_at
        work, live = _work(seen), len(seen.slots)
        if work:
            active_at = now
        if live == 0:
            return Decision(add=min(1, policy.max_slots) if work else 0)
        if not work and now > active_at + 300:
            return _shrink_blindly(seen.slots, live)
        ratio = work / (live * policy.jobs_per_slot)
        wanted = live if abs(ratio - 1) <= 0.1 else math.ceil(work / policy.jobs_per_slot)
        wanted = min(wanted, live + max(4, live), policy.max_slots)
        recommended.append((now, wanted))
        while recommended[0][0] < now - 300:
            recommended.popleft()
        wanted = max(1, *(count for _, count in recommended)) if wanted < live else wanted
        return _to(seen.slots, max(1, wanted), _shrink_blindly)

    return scale


def knative() -> Scaler:
    """Knative's pod autoscaler (knative 98e5ef9): a mean of 60 s, of 6 s in a panic, 30 s to 0."""
    loads: deque[tuple[float, int]] = deque()
    panic_until, panic_count, idle_since = -math.inf, 0, math.inf

    def scale(seen: Observation, policy: Policy, now: float) -> Decision:
        nonlocal panic_until, panic_count, idle_since
        loads.append((now, _work(seen)))
        while loads[0][0] < now - 60:
            loads.popleft()
        target = 0.7 * policy.jobs_per_slot
        live = len(seen.slots)
        ready = max(1, sum(slot.is_ready for slot in seen.slots))
        stable = sum(load for _, load in loads) / len(loads)
        recent = [load for at, load in loads if at >= now - 6]
        panic = sum(recent) / len(recent)
        wanted = max(math.ceil(stable / target), live // 2)
        if panic / target / ready >= 2:
            panic_until = now + 60
            panic_count = max(panic_count, math.ceil(panic / target))
        if now < panic_until:
            panic_count = max(panic_count, math.ceil(panic / target))
            wanted = max(wanted, panic_count)
        else:
            panic_count = 0
        if stable > 0:
            idle_since = math.inf
            wanted = max(1, wanted)
        else:
            idle_since = min(idle_since, now)
            wanted = 0 if now - idle_since >= 30 else max(1, wanted) if live else 0
        return _to(seen.slots, min(wanted, policy.max_slots), _shrink_blindly)

    return scale


def dstack() -> Scaler:
    """dstack's fleets (dstack 511c318): an instance a run, ended after 5 min without one."""
    idle_since: dict[str, float] = {}

    def scale(seen: Observation, policy: Policy, now: float) -> Decision:
        ended = []
        for slot in seen.slots:
            if slot.is_busy or not slot.is_ready:
                idle_since.pop(slot.id, None)
            elif now - idle_since.setdefault(slot.id, now) > 300:
                ended.append(slot.id)
        wanted = math.ceil(_work(seen) / policy.jobs_per_slot)
        add = max(0, min(wanted, policy.max_slots) - (len(seen.slots) - len(ended)))
        return Decision(add=add, end=() if add else tuple(ended))

    return scale


def skyserve() -> Scaler:
    """SkyServe's queue-length autoscaler (SkyPilot): +1 after 300 s above 1, -1 after 1,200 s."""
    above_since = below_since = math.inf

    def scale(seen: Observation, policy: Policy, now: float) -> Decision:
        nonlocal above_since, below_since
        assert seen.queue is not None
        waiting, live = seen.queue.waiting, len(seen.slots)
        above_since = min(above_since, now) if waiting > 1 else math.inf
        below_since = min(below_since, now) if waiting < 1 else math.inf
        if waiting and not live:
            return Decision(add=min(1, policy.max_slots))
        if now - above_since >= 300 and live < policy.max_slots:
            above_since = math.inf
            return Decision(add=1)
        if now - below_since >= 1200 and live:
            below_since = math.inf
            idle = [slot.id for slot in seen.slots if not slot.is_busy]
            return Decision(end=tuple(idle[:1]))
        return Decision()

    return scale


def backlog_per_instance() -> Scaler:
    """AWS's backlog per instance by target tracking: up after 3 min, down after 15 (its alarms).

    The backlog that is fine is what a slot does in its boot.
    """
    above_since = below_since = math.inf

    def scale(seen: Observation, policy: Policy, now: float) -> Decision:
        nonlocal above_since, below_since
        assert seen.queue is not None
        live, backlog = len(seen.slots), seen.queue.waiting
        seconds = seen.history.job_seconds or policy.boot
        fine = max(1.0, policy.boot / seconds * policy.jobs_per_slot)
        if backlog and not live:
            return Decision(add=min(max(1, math.ceil(backlog / fine)), policy.max_slots))
        above_since = min(above_since, now) if live and backlog / live > fine else math.inf
        below = not backlog if live == 1 else backlog < 0.9 * fine * live
        below_since = min(below_since, now) if live and below else math.inf
        if now - above_since >= 180:
            above_since = math.inf
            return _to(seen.slots, min(math.ceil(backlog / fine), policy.max_slots), _keep_busy)
        if now - below_since >= 900:
            below_since = math.inf
            work = math.ceil(seen.queue.running / policy.jobs_per_slot)
            return _to(seen.slots, max(math.ceil(backlog / fine), work), _keep_busy)
        return Decision()

    return scale


def _work(seen: Observation) -> int:
    assert seen.queue is not None
    return seen.queue.waiting + seen.queue.running


def _to(
    slots: Sequence[SlotSeen], wanted: int, shrink: Callable[[Sequence[SlotSeen], int], Decision]
) -> Decision:
    if wanted >= len(slots):
        return Decision(add=wanted - len(slots))
    return shrink(slots, len(slots) - wanted)


def _shrink_blindly(slots: Sequence[SlotSeen], count: int) -> Decision:
    """Take those that are not ready first, and then the youngest, at work or not."""
    by_age = sorted(enumerate(slots), key=lambda numbered: (numbered[1].is_ready, -numbered[0]))
    return Decision(end=tuple(slot.id for _, slot in by_age[:count]))


def _keep_busy(slots: Sequence[SlotSeen], count: int) -> Decision:
    idle = [slot.id for slot in slots if not slot.is_busy]
    return Decision(end=tuple(idle[:count]))


POLICIES: Final[Mapping[str, Callable[[], Scaler]]] = {
    "KEDA": keda,
    "Knative KPA": knative,
    "dstack": dstack,
    "SkyServe": skyserve,
    "AWS backlog per instance": backlog_per_instance,
}
