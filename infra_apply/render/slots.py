"""A pool's slots as resources: the stack holds exactly these, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.gpu.slot_spec import SlotSpec


def render_slots(slots: Iterable[SlotSpec]) -> None:
    """Register a droplet a slot. Its name comes from the slot's id alone: none touches another.

    Slots are neither protected nor retained, since they must be deletable, and once one is there
    nothing of it is ever changed: every input is ignored, so that a profile, a tag that a worker
    changed or a broken manifest cannot replace or resize it.
    """
    for slot in slots:
        digitalocean.Droplet(
            slot.id,
            name=slot.name,
            region=slot.region,
            size=slot.size,
            image=slot.image,
            ssh_keys=list(slot.ssh_key_ids) or None,
            # The provider keeps user data in the state as it is, unless it is marked here.
            user_data=pulumi.Output.secret(slot.user_data) if slot.user_data else None,
            tags=list(slot.tags),
            opts=pulumi.ResourceOptions(
                ignore_changes=list(_SETTLED),
                import_=str(slot.import_id) if slot.import_id else None,
                # A boot that takes longer is no boot: a droplet that vanished after its 202 is
                # waited for in vain (the provider takes a 404 as "not yet").
                custom_timeouts=pulumi.CustomTimeouts(create="20m"),
            ),
        )


_SETTLED: Final = (
    "name",
    "region",
    "size",
    "image",
    "sshKeys",
    "userData",
    "tags",
    "monitoring",
    "backups",
    "ipv6",
    "vpcUuid",
)
