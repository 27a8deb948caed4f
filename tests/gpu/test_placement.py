"""Where a new slot goes: the first size and region of the list that can be had."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import Size
from infra_apply.gpu.placement import base_image, placements, why_none

SIZE = Size(memory=0, vcpus=0, disk=0)
SIZES = {
    "small": replace(SIZE, regions=("tor1", "nyc2"), available=True, hourly=1.5),
    "large": replace(SIZE, regions=("ams3", "tor1"), available=True, hourly=3.0),
    "gone": replace(SIZE, regions=("tor1",), available=False, hourly=9.0),
}


def named(sizes: list[str], regions: list[str], **how: set[tuple[str, str]]) -> list[str]:
    return [str(placement) for placement in placements(sizes, regions, SIZES, **how)]


def test_sizes_come_before_regions_in_the_order_of_the_profile() -> None:
    assert named(["large", "small"], ["nyc2", "tor1"]) == [
        "large in tor1",
        "small in nyc2",
        "small in tor1",
    ]


def test_without_regions_any_that_has_the_size_will_do() -> None:
    assert named(["small"], []) == ["small in nyc2", "small in tor1"]


def test_what_is_sold_out_unknown_or_was_refused_is_passed_over() -> None:
    assert named(["gone", "unheard-of", "small"], ["tor1", "nyc2"]) == [
        "small in tor1",
        "small in nyc2",
    ]
    assert named(["small"], [], refused={("small", "nyc2")}) == ["small in tor1"]


def test_why_there_is_none_names_each_size() -> None:
    why = why_none(["gone", "unheard-of", "small"], ["fra1"], SIZES)
    assert why == (
        "gone is sold out; the account has no size unheard-of; small is in nyc2, tor1, not in fra1"
    )


@pytest.mark.parametrize(
    ("size", "image"),
    [
        ("gpu-h100x1-80gb", "gpu-h100x1-base"),
        ("gpu-l40sx1-48gb", "gpu-h100x1-base"),
        ("gpu-4000adax1-20gb", "gpu-h100x1-base"),
        ("gpu-h100x8-640gb", "gpu-h100x8-base"),
        ("gpu-h200x8-1128gb", "gpu-h100x8-base"),
        ("gpu-mi300x1-192gb", "gpu-amd-base"),
        ("gpu-mi300x8-1536gb", "gpu-amd-base"),
    ],
)
def test_the_image_follows_the_family_of_the_size(size: str, image: str) -> None:
    assert base_image(size) == image


slugs = st.sampled_from([*SIZES, "unheard-of"])
regions = st.sampled_from(["tor1", "nyc2", "ams3", "fra1"])


@given(st.lists(slugs), st.lists(regions), st.sets(st.tuples(slugs, regions)))
def test_a_placement_is_always_on_offer_asked_for_new_and_named_once(
    sizes: list[str], allowed: list[str], refused: set[tuple[str, str]]
) -> None:
    choices = placements(sizes, allowed, SIZES, refused=refused)
    for choice in choices:
        assert choice.size in sizes and (not allowed or choice.region in allowed)
        assert SIZES[choice.size].available and choice.region in SIZES[choice.size].regions
        assert (choice.size, choice.region) not in refused
    assert len(set(choices)) == len(choices)
