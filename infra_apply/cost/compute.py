"""What plans cost a month, by host, project and environment; and pools by the hour.

A plan's cost is that of its droplets: shared clusters are looked up and not ours, and traffic
beyond what a droplet includes, snapshots and volumes are not in a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from infra_apply.cost.model import Cost, HostCost, PoolCost, Prices, ShareCost
from infra_apply.plan.model import HostPlan, Plan, PoolPlan


def cost(plans: Iterable[Plan], prices: Prices) -> Cost:
    """Price the hosts each plan renders (a host that is looked up is its owner's) and the pools.

    A host's price is split evenly over its services, whatever their environment.
    """
    in_order = sorted(plans, key=lambda plan: plan.environment)
    hosts = [host for plan in in_order for host in plan.hosts]
    host_costs = sorted(
        (_host(plan, host, prices) for plan in in_order for host in plan.hosts),
        key=lambda host_cost: host_cost.name,
    )
    monthly = {host_cost.name: host_cost.monthly for host_cost in host_costs}
    pools = [_pool(plan, pool, prices) for plan in in_order for pool in plan.pools]
    sizes = {host.droplet.size for host in hosts}
    sizes |= {size for plan in in_order for pool in plan.pools for size in pool.sizes}
    return Cost(
        source=prices.source,
        monthly=sum(price for price in monthly.values() if price is not None),
        hosts=tuple(host_costs),
        projects=_shares(hosts, monthly, "project"),
        environments=_shares(hosts, monthly, "environment"),
        pools=tuple(sorted(pools, key=lambda pool: (pool.project, pool.environment))),
        unknown=tuple(sorted(sizes - prices.by_size.keys())),
    )


def with_current_sizes(plan: Plan, sizes: Mapping[str, str]) -> Plan:
    """Return a plan with the sizes its hosts have now, by name, and without those not there yet.

    Its cost is what a preview's difference begins from.
    """
    hosts = tuple(
        replace(host, droplet=replace(host.droplet, size=sizes[host.name]))
        for host in plan.hosts
        if host.name in sizes
    )
    return replace(plan, hosts=hosts)


def _host(plan: Plan, host: HostPlan, prices: Prices) -> HostCost:
    droplet = host.droplet
    price = prices.by_size.get(droplet.size)
    monthly = None if price is None else price[0] * (_WITH_BACKUPS if droplet.backups else 1)
    return HostCost(host.name, plan.environment, droplet.size, droplet.backups, monthly)


def _shares(
    hosts: Iterable[HostPlan], monthly: Mapping[str, float | None], by: str
) -> tuple[ShareCost, ...]:
    sums: dict[str, float] = {}
    incomplete = set()
    for host in hosts:
        price = monthly[host.name]
        for service in host.services:
            name = getattr(service, by)
            sums[name] = sums.get(name, 0.0) + (price or 0.0) / len(host.services)
            if price is None:
                incomplete.add(name)
    return tuple(ShareCost(name, sums[name], name not in incomplete) for name in sorted(sums))


def _pool(plan: Plan, pool: PoolPlan, prices: Prices) -> PoolCost:
    budget = pool.budget
    known = [prices.by_size[size][1] for size in pool.sizes if size in prices.by_size]
    if len(known) < len(pool.sizes):
        known = []
    hourly = (min(known), max(known)) if known else None
    most = hourly[1] * 24 * pool.max_slots if hourly else None
    budgeted = budget is not None and (most is None or budget < most)
    return PoolCost(
        project=pool.project,
        environment=plan.environment,
        slots=pool.max_slots,
        hourly=hourly,
        most_per_day=budget if budgeted else most,
        budgeted=budgeted,
    )


# Weekly backups cost 20 % of the droplet (DigitalOcean's backup pricing).
_WITH_BACKUPS: Final = 1.2
