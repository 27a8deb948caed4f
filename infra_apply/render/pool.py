"""An on-demand GPU pool as the environment's stack shows it: its limits, and no droplet."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra_apply.plan.model import PoolPlan
from infra_apply.reconcile.state import POOL
from infra_apply.render.firewall import Tags, render_firewall


class Pool(pulumi.ComponentResource):
    """`Pool <instance>` in the tree. Its slots live in a stack of their own."""

    def __init__(self, pool: PoolPlan, tags: Tags, import_firewalls: Mapping[str, str]) -> None:
        limits = {
            "sizes": list(pool.sizes),
            "regions": list(pool.regions),
            "maxSlots": pool.max_slots,
        }
        super().__init__(POOL, pool.name, limits)
        if pool.firewall:
            render_firewall(pool.firewall, tags, self, import_firewalls)
        self.register_outputs(limits)
