"""What a slot is made with, and what stands in the way of making one."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.gpu.placement import Place
from infra_apply.gpu.recipe import Recipe, recipe
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Droplet, GpuProfile, PoolLimits, Settings
from tests.companies import SETTINGS, database, fleet, gpu, service
from tests.gpu.droplets import NOW

BATCH = GpuProfile(("gpu-mi300x1-192gb",), ("tor1",), None, "worker.sh")
READY = replace(
    SETTINGS,
    droplet=Droplet(ssh_keys=("ops",)),
    gpu_profiles={"batch": BATCH},
    gpu_pools={"train": PoolLimits(max_slots=3, max_hours=2.5)},
)
PLACE = Place("gpu-mi300x1-192gb", "tor1", 1.99)


def train(droplet: str = "batch") -> Manifest:
    return service("train", host="basil", gpu=gpu(droplet), database=database("train"))


def made(one: Manifest, settings: Settings, **keys: int) -> tuple[Recipe | None, list[str]]:
    held = replace(fleet(one, settings=settings), user_data={"worker.sh": "#!/bin/sh\n"})
    found, problems = recipe(held, settings, one, keys)
    return found, [problem.code for problem in problems]


def test_a_slot_has_its_limits_script_image_key_and_tags() -> None:
    found, problems = made(train(), READY, ops=7)
    assert problems == [] and found is not None
    one = found.slot("aaaaaa", PLACE, NOW)
    assert (one.name, one.size, one.region) == ("train-gpu-aaaaaa", PLACE.size, "tor1")
    assert (one.image, one.ssh_key_ids, one.user_data) == ("gpu-amd-base", ("7",), "#!/bin/sh\n")
    assert one.tags == (
        "db:shared-pg",
        "env:prod",
        f"infra-apply-deadline:{int(NOW + 2.5 * 3600)}",
        "infra-apply-pool:train",
        "infra-apply-slot:train:aaaaaa",
        "infra-apply:acme:prod",
        "project:train",
    )
    assert "#!/bin/sh" not in repr(found) + repr(one)


def test_a_pool_without_limits_has_one_slot_for_a_day() -> None:
    found, _ = made(train(), replace(READY, gpu_pools={}), ops=7)
    assert found is not None and (found.max_slots, found.max_hours) == (1, 24)


def test_a_size_that_names_no_profile_would_start_no_work() -> None:
    found, problems = made(train("gpu-h100x1-80gb"), READY, ops=7)
    assert (found, problems) == (None, ["IA405"])


def test_a_profile_of_the_size_s_own_name_gives_it_work() -> None:
    named = replace(READY, gpu_profiles={"gpu-h100x1-80gb": replace(BATCH, image="12345")})
    found, problems = made(train("gpu-h100x1-80gb"), named, ops=7)
    assert problems == [] and found is not None
    assert found.slot("aaaaaa", PLACE, NOW).image == "12345"


def test_a_slot_needs_an_ssh_key_that_the_account_has() -> None:
    assert made(train(), replace(READY, droplet=Droplet()), ops=7)[1] == ["IA907"]
    assert made(train(), READY, opps=7)[1] == ["IA903"]


def test_a_dev_pool_is_told_from_prod_s_by_every_name() -> None:
    found, _ = made(train(), READY, ops=7)
    assert found is not None
    one = replace(found, environment="dev").slot("aaaaaa", PLACE, NOW)
    assert one.name == "train-dev-gpu-aaaaaa"
    assert "infra-apply-slot:train-dev:aaaaaa" in one.tags
