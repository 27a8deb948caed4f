"""An on-demand GPU pool as the environment's stack shows it: its limits, and no droplet."""

from __future__ import annotations

import pulumi

from infra_apply.plan.model import PoolPlan


class Pool(pulumi.ComponentResource):
    """`Pool <instance>` in the tree. Its slots live in a stack of their own."""

    def __init__(self, name: str, pool: PoolPlan) -> None:
        limits = {
            "sizes": list(pool.sizes),
            "regions": list(pool.regions),
            "maxSlots": pool.max_slots,
        }
        super().__init__("infra-apply:index:Pool", name, limits)
        self.register_outputs(limits)
