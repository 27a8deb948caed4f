"""Where a new slot may go, and what it is made from: pure, from the account's list of sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.digitalocean.model import Size


@dataclass(frozen=True, slots=True)
class Placement:
    """A size in a region, and what it costs: USD an hour."""

    size: str
    region: str
    hourly: float

    def __str__(self) -> str:
        return f"{self.size} in {self.region}"


def placements(
    sizes: Sequence[str],
    regions: Sequence[str],
    account_sizes: Mapping[str, Size],
    *,
    refused: Collection[tuple[str, str]] = (),
) -> tuple[Placement, ...]:
    """Return where a slot may go, in the order to try: by size, then by region.

    Without `regions` any that has the size will do, by name. `refused` has the (size, region) that
    DigitalOcean said no to a moment ago, although its list has them.
    """
    choices = []
    for slug in dict.fromkeys(sizes):
        size = account_sizes.get(slug)
        if size is None or not size.available:
            continue
        choices += [
            Placement(slug, region, size.hourly)
            for region in (dict.fromkeys(regions) if regions else sorted(size.regions))
            if region in size.regions and (slug, region) not in refused
        ]
    return tuple(choices)


def why_none(
    sizes: Iterable[str], regions: Sequence[str], account_sizes: Mapping[str, Size]
) -> str:
    """Say for each size why it cannot be had."""
    return "; ".join(_why(slug, regions, account_sizes.get(slug)) for slug in dict.fromkeys(sizes))


def base_image(size: str) -> str:
    """Name DigitalOcean's own image for a GPU size: one for AMD, one each for 1 and 8 NVIDIAs.

    Source: its documentation of GPU Droplets, `gpu-h100x1-base` being for any single NVIDIA.
    """
    if _AMD.match(size):
        return "gpu-amd-base"
    return "gpu-h100x8-base" if "x8-" in size else "gpu-h100x1-base"


def _why(slug: str, regions: Sequence[str], size: Size | None) -> str:
    if size is None:
        return f"the account has no size {slug}"
    if not size.available or not size.regions:
        return f"{slug} is sold out"
    if regions and not {*regions} & {*size.regions}:
        return f"{slug} is in {', '.join(sorted(size.regions))}, not in {', '.join(regions)}"
    return f"{slug} was refused everywhere"


_AMD: Final = re.compile(r"gpu-mi\d")
