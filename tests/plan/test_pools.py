"""A pool's plan has all that its slots are made with."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Droplet, GpuProfile, PoolLimits, Settings
from infra_apply.plan.build import build
from infra_apply.plan.model import PoolPlan
from tests.companies import SETTINGS, database, fleet, gpu, service

BATCH = GpuProfile(("gpu-mi300x1-192gb", "gpu-h100x1-80gb"), ("tor1",), "12345", "worker.sh")
READY = replace(
    SETTINGS,
    droplet=Droplet(ssh_keys=("ops",)),
    gpu_profiles={"batch": BATCH},
    gpu_pools={"train": PoolLimits(max_slots=3, max_hours=2.5, budget_per_day=40)},
)


def train(droplet: str = "batch") -> Manifest:
    return service("train", host="basil", gpu=gpu(droplet), database=database("train"))


def planned(manifest: Manifest, settings: Settings = READY) -> PoolPlan:
    company = replace(fleet(manifest, settings=settings), user_data={"worker.sh": "#!/bin/sh\n"})
    (pool,) = build(company, settings).pools
    return pool


def test_a_pool_takes_sizes_regions_image_and_script_from_its_profile() -> None:
    pool = planned(train())
    assert (pool.sizes, pool.regions) == (BATCH.sizes, BATCH.regions)
    assert (pool.image, pool.user_data, pool.ssh_keys) == ("12345", "#!/bin/sh\n", ("ops",))
    assert len(pool.ssh_key_places) == 1
    assert "#!/bin/sh" not in repr(pool)


def test_a_pool_has_the_limits_of_the_settings_else_one_slot_for_a_day() -> None:
    pool = planned(train())
    assert (pool.max_slots, pool.max_hours, pool.budget) == (3, 2.5, 40)
    pool = planned(train(), replace(READY, gpu_pools={}))
    assert (pool.max_slots, pool.max_hours, pool.budget) == (1, 24, None)


def test_a_pool_s_slots_carry_the_tags_of_its_stack_project_and_cluster() -> None:
    assert planned(train()).tags == (
        "db:shared-pg",
        "env:prod",
        "infra-apply-pool:acme:train",
        "infra-apply:acme:prod",
        "project:train",
    )


def test_a_size_that_names_no_profile_is_the_pool_s_only_size() -> None:
    pool = planned(train("gpu-h100x1-80gb"))
    assert (pool.droplet, pool.sizes) == ("gpu-h100x1-80gb", ("gpu-h100x1-80gb",))
    assert (pool.image, pool.user_data) == (None, None)


def test_a_profile_of_the_size_s_own_name_wins_over_the_size() -> None:
    named = replace(READY, gpu_profiles={"gpu-h100x1-80gb": BATCH})
    pool = planned(train("gpu-h100x1-80gb"), named)
    assert (pool.sizes, pool.user_data) == (BATCH.sizes, "#!/bin/sh\n")


def test_a_dev_pool_is_called_as_its_instance() -> None:
    assert planned(train()).name == "train"
    dev = replace(planned(train()), environment="dev")
    assert dev.name == "train-dev"
