"""A cost as `cost --format json` prints it; its keys are a contract."""

from __future__ import annotations

from typing import Any

from infra_apply.cost.model import Cost, ShareCost


def as_json(cost: Cost) -> dict[str, Any]:
    """Return a cost as JSON values: USD, rounded to cents; an unknown price is null."""
    return {
        "version": 1,
        "currency": "USD",
        "source": cost.source,
        "monthly": round(cost.monthly, 2),
        "hosts": [
            {
                "name": host.name,
                "environment": host.environment,
                "size": host.size,
                "backups": host.backups,
                "monthly": _cents(host.monthly),
            }
            for host in cost.hosts
        ],
        "projects": [_share(share) for share in cost.projects],
        "environments": [_share(share) for share in cost.environments],
        "pools": [
            {
                "project": pool.project,
                "environment": pool.environment,
                "max_slots": pool.slots,
                "hourly": _range(pool.hourly),
                "most_per_day": _cents(pool.most_per_day),
                "budgeted": pool.budgeted,
            }
            for pool in cost.pools
        ],
        "unknown_sizes": list(cost.unknown),
    }


def _share(share: ShareCost) -> dict[str, Any]:
    return {
        "name": share.name,
        "monthly": round(share.monthly, 2),
        "complete": share.complete,
    }


def _range(hourly: tuple[float, float] | None) -> dict[str, float] | None:
    return {"least": hourly[0], "most": hourly[1]} if hourly else None


def _cents(price: float | None) -> float | None:
    return None if price is None else round(price, 2)
