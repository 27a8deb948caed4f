"""Slots and pools in memory, for tests that ask nobody."""

from __future__ import annotations

from typing import Any

from infra_apply import naming
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.fleet_settings import HourLimits
from infra_apply.gpu.pool import Pool, PoolIdentity, Remembered, survey
from infra_apply.gpu.slot import Slot

NOW = 1_800_000_000.0
OWNER = "infra-apply:acme:prod"
TRAIN = PoolIdentity("acme", "prod", "train")
ADAY = HourLimits({}, {}, 24.0)


def live(number: int = 1, *tags: str, **changes: Any) -> LiveDroplet:
    facts: dict[str, Any] = {
        "id": number,
        "name": f"train-gpu-{number}",
        "status": "active",
        "region": "tor1",
        "size": "gpu-l40sx1-48gb",
        "tags": tags,
        "addresses": (),
        "made_at": NOW - 3 * 3600,
        "hourly": 2.0,
    }
    return LiveDroplet(**(facts | changes))


def slot(
    number: int = 1,
    slot_id: str = "aaaaaa",
    *,
    lease: float | None = None,
    deadline: float | None = NOW + 3600,
    owner: str | None = OWNER,
    **changes: Any,
) -> LiveDroplet:
    """A live droplet with a slot's tags; ages are given by `made_at`."""
    tags = [naming.slot_tag("acme", "train", slot_id), naming.pool_tag("acme", "train", "prod")]
    tags += [naming.lease_tag(int(lease))] if lease is not None else []
    tags += [naming.deadline_tag(int(deadline))] if deadline is not None else []
    tags += [owner] if owner else []
    named = {"name": f"train-gpu-{slot_id}"} | changes
    return live(number, *[*tags, *named.pop("tags", ())], **named)


def slot_of(droplet: LiveDroplet, slot_id: str = "aaaaaa") -> Slot:
    return Slot("train", slot_id, droplet, "prod")


def pool(*droplets: LiveDroplet, state: dict[str, int] | None = None) -> Pool:
    """The pool `train` of these droplets, whose stack remembers `state`."""
    return survey(TRAIN, droplets, Remembered(state or {}, exists=bool(state)))
