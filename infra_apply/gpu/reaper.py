"""Which slots end now: pure, with DigitalOcean's list of GPU droplets, limits and the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.fleet_settings import HourLimits
from infra_apply.gpu.recognition import Suspect, slots_of, suspects_of
from infra_apply.gpu.slot import BOOT_GRACE, LEASE_LASTS, Slot
from infra_apply.terminal.layout import duration

Verdict = Literal["destroy", "keep", "report"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A slot, or what only looks like one; what becomes of it, and why in a few words."""

    subject: Slot | Suspect
    verdict: Verdict
    why: str

    @property
    def droplet(self) -> LiveDroplet:
        """The droplet that is judged."""
        return self.subject.droplet


def judge(
    gpu_droplets: Iterable[LiveDroplet], fleet: str, limits: HourLimits, now: float
) -> tuple[Judgement, ...]:
    """Judge every slot of a fleet, each alone; what only looks like one is reported.

    A slot ends at the earliest deadline that a tag says, and never lives longer than its pool's
    hours, whatever its tags say. Until then people decide where no deadline or lease can be read.
    """
    droplets = tuple(gpu_droplets)
    return (
        *(_judgement(slot, limits.of(slot), now) for slot in slots_of(droplets, fleet)),
        *(Judgement(suspect, "report", suspect.why) for suspect in suspects_of(droplets, fleet)),
    )


def judge_again(droplet: LiveDroplet, fleet: str, limits: HourLimits, now: float) -> Judgement:
    """Judge a droplet as it is now that was a slot to be ended when all were judged.

    A lease that was taken meanwhile saves it; so do tags that no longer say whose it is.
    """
    for judgement in judge((droplet,), fleet, limits, now):
        return judgement
    suspect = Suspect(droplet, "its tags no longer say that it is a slot of the fleet")
    return Judgement(suspect, "report", suspect.why)


def _judgement(slot: Slot, hours: float, now: float) -> Judgement:
    deadline, age = slot.deadline, slot.age(now)
    if deadline is not None and now >= deadline:
        return Judgement(slot, "destroy", f"its deadline passed {duration(now - deadline)} ago")
    if age is not None and age >= hours * 3600:
        why = f"it is {duration(age)} old, and may live {duration(hours * 3600)}"
        return Judgement(slot, "destroy", why)
    if deadline is None:
        return Judgement(slot, "report", "it has no deadline that can be read")
    if slot.is_busy(now):
        return Judgement(slot, "keep", "its lease is live")
    return _leaseless(slot, now)


def _leaseless(slot: Slot, now: float) -> Judgement:
    lease, age = slot.lease_at(now), slot.age(now)
    if slot.has_unreadable_lease:
        return Judgement(slot, "report", "it has a lease that cannot be read")
    if age is None:
        return Judgement(slot, "report", "its age is not known, and it has no live lease")
    if age < BOOT_GRACE:
        return Judgement(slot, "keep", f"it is {duration(age)} old, and may still be starting")
    if lease is None and slot.lease is not None:
        return Judgement(
            slot, "destroy", "its lease is of a time to come, which says nothing of now"
        )
    if lease is None:
        return Judgement(slot, "destroy", f"it is {duration(age)} old and never had a lease")
    return Judgement(slot, "destroy", f"its lease ended {duration(now - lease - LEASE_LASTS)} ago")
