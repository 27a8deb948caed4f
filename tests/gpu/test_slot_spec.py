"""What a slot is made with, and what stands in the way of making one."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.diagnostics.model import Place
from infra_apply.gpu.placement import Placement
from infra_apply.gpu.slot_spec import current_slots, new_slot, problems_of_new_slots
from infra_apply.plan.model import PoolPlan
from tests.gpu.droplets import NOW, TRAIN, slot

PLAN = PoolPlan(
    project="train",
    environment="prod",
    droplet="batch",
    sizes=("gpu-mi300x1-192gb",),
    regions=("tor1",),
    max_slots=3,
    max_hours=2.5,
    ssh_keys=("ops",),
    user_data="#!/bin/sh\n",
    tags=("infra-apply-pool:acme:train", "infra-apply:acme:prod", "project:train"),
    place=Place("train/.infra.yaml", 3),
    droplet_settings=Place("Pulumi.prod.yaml", 2),
    ssh_key_places=(Place("Pulumi.prod.yaml", 4),),
)
PLACEMENT = Placement("gpu-mi300x1-192gb", "tor1", 1.99)


def test_a_slot_is_made_with_the_pool_s_script_image_key_and_tags() -> None:
    spec = new_slot("acme", PLAN, "aaaaaa", PLACEMENT, {"ops": 7}, NOW)
    assert (spec.name, spec.size, spec.region) == ("train-gpu-aaaaaa", PLACEMENT.size, "tor1")
    assert (spec.image, spec.ssh_key_ids, spec.user_data) == (
        "gpu-amd-base",
        ("7",),
        "#!/bin/sh\n",
    )
    assert spec.tags == (
        f"infra-apply-deadline:{int(NOW + 2.5 * 3600)}",
        "infra-apply-pool:acme:train",
        "infra-apply-slot:acme:train:aaaaaa",
        "infra-apply:acme:prod",
        "project:train",
    )
    assert spec.import_id is None


def test_a_script_is_in_no_repr() -> None:
    spec = new_slot("acme", PLAN, "aaaaaa", PLACEMENT, {"ops": 7}, NOW)
    assert "#!/bin/sh" not in repr(PLAN) + repr(spec)


def test_an_image_of_the_profile_s_own_wins_over_the_size_s() -> None:
    named = replace(PLAN, image="12345")
    assert new_slot("acme", named, "aaaaaa", PLACEMENT, {"ops": 7}, NOW).image == "12345"


def test_a_dev_slot_is_told_from_prod_s_by_every_name() -> None:
    spec = new_slot("acme", replace(PLAN, environment="dev"), "aaaaaa", PLACEMENT, {"ops": 7}, NOW)
    assert spec.name == "train-dev-gpu-aaaaaa"
    assert "infra-apply-slot:acme:train-dev:aaaaaa" in spec.tags


def problems(plan: PoolPlan, **ssh_keys: int) -> list[tuple[str, Place]]:
    return [(problem.code.id, problem.place) for problem in problems_of_new_slots(plan, ssh_keys)]


def test_with_work_and_a_known_key_nothing_stands_in_the_way() -> None:
    assert problems(PLAN, ops=7) == []
    assert problems(replace(PLAN, user_data=None, image="12345"), ops=7) == []


def test_a_size_that_names_no_profile_would_start_no_work() -> None:
    bare = replace(PLAN, droplet="gpu-h100x1-80gb", sizes=("gpu-h100x1-80gb",), user_data=None)
    assert problems(bare, ops=7) == [("IA405", PLAN.place)]


def test_nor_would_a_profile_without_a_script_or_an_image_of_its_own() -> None:
    for image in (None, "gpu-h100x1-base", "ubuntu-24-04-x64"):
        bare = replace(PLAN, user_data=None, image=image)
        assert problems(bare, ops=7) == [("IA405", PLAN.place)]


def test_a_slot_needs_an_ssh_key_that_the_account_has() -> None:
    unnamed = replace(PLAN, ssh_keys=(), ssh_key_places=())
    assert problems(unnamed, ops=7) == [("IA907", PLAN.droplet_settings)]
    assert problems(PLAN, opps=7) == [("IA903", PLAN.ssh_key_places[0])]


def test_a_look_imports_what_is_there_and_says_where_two_have_one_id() -> None:
    live = [slot(1), slot(2, "bbbbbb"), slot(3, "bbbbbb")]
    specs, problems = current_slots(live, TRAIN)
    assert [(spec.id, spec.import_id) for spec in specs] == [("aaaaaa", 1), ("bbbbbb", None)]
    assert len(problems) == 1 and "bbbbbb" in problems[0]
