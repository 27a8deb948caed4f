"""Where a new slot may go, and what it is made from: pure, from the account's list of sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Offer:
    """A size as the account may have it now; `hourly` is USD."""

    size: str
    regions: tuple[str, ...]
    available: bool
    hourly: float


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
    offers: Mapping[str, Offer],
    *,
    refused: Collection[tuple[str, str]] = (),
) -> tuple[Placement, ...]:
    """Return where a slot may go, in the order to try: by size, then by region.

    Without `regions` any that has the size will do, by name. `refused` has the (size, region) that
    DigitalOcean said no to a moment ago, although its list has them.
    """
    choices = []
    for size in dict.fromkeys(sizes):
        offer = offers.get(size)
        if offer is None or not offer.available:
            continue
        choices += [
            Placement(size, region, offer.hourly)
            for region in (dict.fromkeys(regions) if regions else sorted(offer.regions))
            if region in offer.regions and (size, region) not in refused
        ]
    return tuple(choices)


def why_none(sizes: Iterable[str], regions: Sequence[str], offers: Mapping[str, Offer]) -> str:
    """Say for each size why it cannot be had."""
    return "; ".join(_why(size, regions, offers.get(size)) for size in dict.fromkeys(sizes))


def base_image(size: str) -> str:
    """Name DigitalOcean's own image for a GPU size: one for AMD, one each for 1 and 8 NVIDIAs.

    Source: its documentation of GPU Droplets, `gpu-h100x1-base` being for any single NVIDIA.
    """
    if _AMD.match(size):
        return "gpu-amd-base"
    return "gpu-h100x8-base" if "x8-" in size else "gpu-h100x1-base"


def _why(size: str, regions: Sequence[str], offer: Offer | None) -> str:
    if offer is None:
        return f"the account has no size {size}"
    if not offer.available or not offer.regions:
        return f"{size} is sold out"
    if regions and not {*regions} & {*offer.regions}:
        return f"{size} is in {', '.join(sorted(offer.regions))}, not in {', '.join(regions)}"
    return f"{size} was refused everywhere"


_AMD: Final = re.compile(r"gpu-mi\d")
