"""Prices of an account's sizes, and prices that are known without an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from infra_apply.cost.model import Prices
from infra_apply.digitalocean.model import Size


def prices_of(sizes: Mapping[str, Size], source: str) -> Prices:
    """Return the prices of the sizes that have one."""
    return Prices(
        {slug: (size.monthly, size.hourly) for slug, size in sizes.items() if size.monthly},
        source,
    )


# Droplets: GET /v2/sizes as recorded with the provider; GPU droplets: public prices. A droplet's
# hour is a 672nd of its month, a GPU's month 744 of its hours.
_DATE: Final = "December 2025"
_MONTHLY: Final = {
    "s-1vcpu-512mb-10gb": 4.0,
    "s-1vcpu-1gb": 6.0,
    "s-1vcpu-2gb": 12.0,
    "s-2vcpu-2gb": 18.0,
    "s-2vcpu-4gb": 24.0,
    "s-4vcpu-8gb": 48.0,
    "s-8vcpu-16gb": 96.0,
    "g-2vcpu-8gb": 63.0,
    "g-4vcpu-16gb": 126.0,
    "g-8vcpu-32gb": 252.0,
    "c-2": 42.0,
    "c-4": 84.0,
    "m-2vcpu-16gb": 84.0,
}
_HOURLY: Final = {
    "gpu-4000adax1-20gb": 0.76,
    "gpu-6000adax1-48gb": 1.57,
    "gpu-l40sx1-48gb": 1.57,
    "gpu-mi300x1-192gb": 1.99,
    "gpu-h100x1-80gb": 3.39,
    "gpu-h200x1-141gb": 3.44,
    "gpu-mi300x8-1536gb": 15.92,
    "gpu-h100x8-640gb": 23.92,
    "gpu-h200x8-1128gb": 27.52,
}
SNAPSHOT_GIGABYTE: Final = 0.06
"""USD a month for each GB of a droplet's snapshot (DigitalOcean's pricing, December 2025)."""
BUILT_IN: Final = Prices(
    by_size={size: (month, round(month / 672, 5)) for size, month in _MONTHLY.items()}
    | {size: (round(hour * 744, 2), hour) for size, hour in _HOURLY.items()},
    source=f"the built-in prices of {_DATE}",
)
"""The sizes that are usual, dated; an account's own sizes are better."""
