"""An on-demand GPU pool as the environment's stack shows it: its limits, and no droplet."""

from __future__ import annotations

import pulumi

from infra_apply.plan.model import PoolPlan
from infra_apply.render.firewall import Tags, render_firewall


class Pool(pulumi.ComponentResource):
    """`Pool <instance>` in the tree. Its slots live in a stack of their own."""

    def __init__(self, name: str, pool: PoolPlan, tags: Tags) -> None:
        limits = {
            "sizes": list(pool.sizes),
            "regions": list(pool.regions),
            "maxSlots": pool.max_slots,
        }
        super().__init__("infra-apply:index:Pool", name, limits)
        if pool.firewall:
            render_firewall(pool.firewall, tags, self)
        self.register_outputs(limits)
