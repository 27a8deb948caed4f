"""What a plan costs a month, by host, project and environment; and pools by the hour.

Prices are USD before taxes, of the droplets alone: shared clusters are looked up and not ours,
and traffic beyond what a droplet includes, snapshots and volumes are not in a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from infra_apply.plan.model import HostPlan, Plan, PoolPlan
from infra_apply.terminal import plural


@dataclass(frozen=True, slots=True)
class Prices:
    """USD (a month, an hour) by size slug, and where they are from."""

    by_size: Mapping[str, tuple[float, float]]
    source: str


@dataclass(frozen=True, slots=True)
class HostCost:
    """A droplet's price a month, backups included; None if the size has no known price."""

    name: str
    environment: str
    size: str
    backups: bool
    monthly: float | None


@dataclass(frozen=True, slots=True)
class ShareCost:
    """What falls on one project or environment: its shares of the hosts it runs on.

    `complete` is False where one of the hosts has no known price.
    """

    name: str
    monthly: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class PoolCost:
    """An on-demand pool: USD an hour for a slot (cheapest and dearest size), and most a UTC day.

    The most a day is every slot at the dearest size around the clock, or the pool's budget.
    """

    project: str
    environment: str
    slots: int
    hourly: tuple[float, float] | None
    most_per_day: float | None
    budgeted: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What plans cost. `monthly` leaves out what has no known price; `unknown` names those sizes.

    Pools are not in `monthly`: they are empty until work waits.
    """

    source: str
    monthly: float
    hosts: tuple[HostCost, ...]
    projects: tuple[ShareCost, ...]
    environments: tuple[ShareCost, ...]
    pools: tuple[PoolCost, ...]
    unknown: tuple[str, ...] = field(default=())


def cost(
    plans: Iterable[Plan],
    prices: Prices,
) -> Cost:
    """Price the hosts each plan renders (a host that is looked up is its owner's) and the pools.

    A host's price is split evenly over its services, whatever their environment.
    """
    every = sorted(plans, key=lambda one: one.environment)
    rendered = [(plan, host) for plan in every for host in plan.rendered_hosts]
    hosts = tuple(sorted((_host(*one, prices) for one in rendered), key=lambda one: one.name))
    monthly = {one.name: one.monthly for one in hosts}
    pools = [_pool(plan, pool, prices) for plan in every for pool in plan.pools]
    sizes = {one.size for one in hosts} | {
        size for plan in every for pool in plan.pools for size in pool.sizes
    }
    return Cost(
        source=prices.source,
        monthly=sum(price for price in monthly.values() if price is not None),
        hosts=hosts,
        projects=_shares(rendered, monthly, "project"),
        environments=_shares(rendered, monthly, "environment"),
        pools=tuple(sorted(pools, key=lambda one: (one.project, one.environment))),
        unknown=tuple(sorted(sizes - prices.by_size.keys())),
    )


def as_it_is(plan: Plan, sizes: Mapping[str, str]) -> Plan:
    """Return a plan with the sizes its hosts have now, by name, and without those not there yet.

    Its cost is what a preview's `difference` begins from.
    """
    hosts = tuple(
        replace(host, size=sizes[host.name]) for host in plan.rendered_hosts if host.name in sizes
    )
    return replace(plan, hosts=hosts)


def lines(found: Cost) -> Iterator[str]:
    """Yield a cost as a person reads it."""
    yield f"{_dollars(found.monthly)} a month{_at_least(found)}, by {found.source}"
    yield from _table("hosts", [(one.name, one.monthly, _made_of(one)) for one in found.hosts])
    shares = "projects (a host's price is split evenly over its services)"
    yield from _table(shares, [_share(one) for one in found.projects])
    yield from _table("environments", [_share(one) for one in found.environments])
    if found.pools:
        yield ""
        yield "GPU pools, empty until work waits"
    width = max((len(one.project) for one in found.pools), default=0)
    for pool in found.pools:
        yield f"  {pool.project:{width}}  {_pool_words(pool)}"


def one_line(found: Cost) -> str:
    """Say in one line what plans cost, for the end of a plan."""
    return f"{_dollars(found.monthly)} a month{_at_least(found)}{_most(found)}"


def difference(before: Cost, after: Cost) -> str:
    """Say in one line what changes, such as `+$12.00 a month (to $60.00), by ...`."""
    change = after.monthly - before.monthly
    sign = "+" if change >= 0 else "-"
    to = f"(to {_dollars(after.monthly)}{_at_least(after)})"
    return f"{sign}{_dollars(abs(change))} a month {to}{_most(after)}"


def _most(found: Cost) -> str:
    most = sum(one.most_per_day for one in found.pools if one.most_per_day is not None)
    gpu = f"; GPU pools at most {_dollars(most)} a day" if most else ""
    return f"{gpu}, by {found.source}"


def as_json(found: Cost) -> dict[str, Any]:
    """Return a cost as JSON values: USD, rounded to cents; an unknown price is null."""
    return {
        "version": 1,
        "currency": "USD",
        "source": found.source,
        "monthly": round(found.monthly, 2),
        "hosts": [
            {
                "name": one.name,
                "environment": one.environment,
                "size": one.size,
                "backups": one.backups,
                "monthly": _cents(one.monthly),
            }
            for one in found.hosts
        ],
        "projects": [_share_json(one) for one in found.projects],
        "environments": [_share_json(one) for one in found.environments],
        "pools": [
            {
                "project": one.project,
                "environment": one.environment,
                "max_slots": one.slots,
                "hourly": {"least": one.hourly[0], "most": one.hourly[1]} if one.hourly else None,
                "most_per_day": _cents(one.most_per_day),
                "budgeted": one.budgeted,
            }
            for one in found.pools
        ],
        "unknown_sizes": list(found.unknown),
    }


def _host(plan: Plan, host: HostPlan, prices: Prices) -> HostCost:
    size = host.size or ""
    price = prices.by_size.get(size)
    monthly = None if price is None else price[0] * (_WITH_BACKUPS if host.backups else 1)
    return HostCost(host.name, plan.environment, size, host.backups, monthly)


def _shares(
    rendered: Iterable[tuple[Plan, HostPlan]], monthly: Mapping[str, float | None], by: str
) -> tuple[ShareCost, ...]:
    sums: dict[str, float] = {}
    incomplete = set()
    for _, host in rendered:
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


def _table(title: str, rows: list[tuple[str, float | None, str]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield title
    width = max(len(name) for name, _, _ in rows)
    for name, price, remark in rows:
        shown = "unknown" if price is None else _dollars(price)
        yield f"  {name:{width}}  {shown:>10}  {remark}".rstrip()


def _share(one: ShareCost) -> tuple[str, float | None, str]:
    return (one.name, one.monthly, "" if one.complete else "and a host of unknown price")


def _made_of(one: HostCost) -> str:
    return one.size + (", with backups" if one.backups else "")


def _pool_words(pool: PoolCost) -> str:
    slots = plural(pool.slots, "slot")
    least, most = pool.hourly or (None, None)
    if least is None or most is None:
        price = "price unknown"
    elif least == most:
        price = f"{_dollars(least)} an hour a slot"
    else:
        price = f"{_dollars(least)} to {_dollars(most)} an hour a slot"
    if pool.most_per_day is None:
        return f"{price}, at most {slots}"
    why = "its budget" if pool.budgeted else slots
    return f"{price}, at most {_dollars(pool.most_per_day)} a day ({why})"


def _share_json(one: ShareCost) -> dict[str, Any]:
    return {"name": one.name, "monthly": round(one.monthly, 2), "complete": one.complete}


def _cents(price: float | None) -> float | None:
    return None if price is None else round(price, 2)


def _dollars(price: float) -> str:
    return f"${price:,.2f}"


def _at_least(found: Cost) -> str:
    known = all(one.monthly is not None for one in found.hosts)
    return "" if known else " or more (some prices are unknown)"


# Weekly backups cost 20 % of the droplet (DigitalOcean's backup pricing).
_WITH_BACKUPS: Final = 1.2
