"""The simulated account that a plan needs."""

from __future__ import annotations

from infra_apply.plan.model import Plan
from infra_apply.rehearsal.simulator.account.messages import State
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.seed.catalogue import REGIONS


def seed_for(plan: Plan | None) -> State:
    """Return a fresh account with the clusters, keys, networks and sizes a plan names."""
    if plan is None:
        return seed(clusters=[], ssh_keys=[])
    hosts = plan.hosts
    return seed(
        clusters=[
            (name, None) for name in sorted({database.cluster for database in plan.databases})
        ],
        ssh_keys=sorted(
            {key for host in hosts for key in host.droplet.ssh_keys}
            | {key for pool in plan.pools for key in pool.ssh_keys}
        ),
        vpcs=sorted(
            {
                (host.droplet.vpc, _existing_region(host.droplet.region))
                for host in hosts
                if host.droplet.vpc
            }
        ),
        extra_sizes=sorted(
            {host.droplet.size for host in hosts}
            | {size for pool in plan.pools for size in pool.sizes}
        ),
    )


def _existing_region(region: str | None) -> str:
    """Return a region for a VPC; a wrong region of a droplet is for the simulated API to refuse."""
    return region if region in REGIONS else "nyc1"
