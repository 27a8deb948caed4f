"""Which slots end now: pure, with nothing but DigitalOcean's list of GPU droplets and the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.slot import BOOT_GRACE, LEASE_LASTS, Slot, slots_of
from infra_apply.terminal import duration

Verdict = Literal["destroy", "keep", "report"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A slot, what becomes of it, and why in a few words."""

    slot: Slot
    verdict: Verdict
    why: str


def judge(gpu_droplets: Iterable[LiveDroplet], now: float) -> tuple[Judgement, ...]:
    """Judge every slot; a droplet without a slot's tag is not even named.

    What its deadline's tag does not say in one way is for people to decide, and is only reported:
    so is a slot whose lease or age cannot be read, unless its deadline has passed.
    """
    return tuple(_judgement(slot, now) for slot in slots_of(gpu_droplets))


def _judgement(slot: Slot, now: float) -> Judgement:
    deadline = slot.deadline
    if deadline is None:
        return Judgement(slot, "report", "it has no deadline that can be read")
    if now >= deadline:
        return Judgement(slot, "destroy", f"its deadline passed {duration(now - deadline)} ago")
    if slot.is_busy(now):
        return Judgement(slot, "keep", "its lease is live")
    return _leaseless(slot, now)


def _leaseless(slot: Slot, now: float) -> Judgement:
    lease, age = slot.lease, slot.age(now)
    if slot.has_unreadable_lease:
        return Judgement(slot, "report", "it has a lease that cannot be read")
    if age is None:
        return Judgement(slot, "report", "its age is not known, and it has no live lease")
    if age < BOOT_GRACE:
        return Judgement(slot, "keep", f"it is {duration(age)} old, and may still be starting")
    if lease is None:
        return Judgement(slot, "destroy", f"it is {duration(age)} old and never had a lease")
    return Judgement(slot, "destroy", f"its lease ended {duration(now - lease - LEASE_LASTS)} ago")
