"""A quarantined project's pool does not grow, and ends as ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra_apply.cli.gpu.scale import plan_of_pool
from infra_apply.errors import Refusal
from infra_apply.fleet.quarantine import instances_of
from tests.companies import gpu, plan, service


def test_a_quarantined_pool_refuses_to_grow_and_says_why() -> None:
    others = plan(service("train", gpu=gpu()))
    quarantined = replace(others, quarantined=instances_of(["shop"]))
    assert plan_of_pool(quarantined, "train").name == "train"
    with pytest.raises(Refusal, match="`shop` is quarantined") as refused:
        plan_of_pool(quarantined, "shop")
    assert "can be ended as ever" in refused.value.state
