"""A cost as a person reads it: in full, in one line, and as a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra_apply.cost.model import Cost, HostCost, PoolCost, ShareCost
from infra_apply.terminal.layout import plural, table


def lines(cost: Cost) -> Iterator[str]:
    """Yield a cost in full."""
    yield f"{_dollars(cost.monthly)} a month{_at_least(cost)}, by {cost.source}"
    yield from _priced("hosts", [(host.name, host.monthly, _made_of(host)) for host in cost.hosts])
    shares = "projects (a host's price is split evenly over its services)"
    yield from _priced(shares, [_share(share) for share in cost.projects])
    yield from _priced("environments", [_share(share) for share in cost.environments])
    if cost.pools:
        yield ""
        yield "GPU pools, empty until work waits"
        yield from table([(pool.project, _pool(pool)) for pool in cost.pools], indent="  ")


def one_line(cost: Cost) -> str:
    """Say in one line what plans cost, for the end of a plan."""
    return f"{_dollars(cost.monthly)} a month{_at_least(cost)}{_most(cost)}"


def difference(before: Cost, after: Cost) -> str:
    """Say in one line what changes, such as `+$12.00 a month (to $60.00), by ...`."""
    change = after.monthly - before.monthly
    sign = "+" if change >= 0 else "-"
    to = f"(to {_dollars(after.monthly)}{_at_least(after)})"
    return f"{sign}{_dollars(abs(change))} a month {to}{_most(after)}"


def _most(cost: Cost) -> str:
    most = sum(pool.most_per_day for pool in cost.pools if pool.most_per_day is not None)
    gpu = f"; GPU pools at most {_dollars(most)} a day" if most else ""
    return f"{gpu}, by {cost.source}"


def _priced(title: str, rows: Sequence[tuple[str, float | None, str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
    cells = [
        (name, f"{'unknown' if price is None else _dollars(price):>10}", remark)
        for name, price, remark in rows
    ]
    yield from table(cells, indent="  ")


def _share(share: ShareCost) -> tuple[str, float | None, str]:
    return (share.name, share.monthly, "" if share.complete else "and a host of unknown price")


def _made_of(host: HostCost) -> str:
    return host.size + (", with backups" if host.backups else "")


def _pool(pool: PoolCost) -> str:
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


def _dollars(price: float) -> str:
    return f"${price:,.2f}"


def _at_least(cost: Cost) -> str:
    known = all(host.monthly is not None for host in cost.hosts)
    return "" if known else " or more (some prices are unknown)"
