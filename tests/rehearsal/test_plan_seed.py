"""The account with which a rehearsal of a plan starts."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.rehearsal.plan_seed import seed_for
from tests import companies


def test_the_account_has_the_clusters_keys_networks_and_sizes_of_the_plan() -> None:
    plan = companies.plan(
        companies.service("shop", database=companies.database("shop", "orders-mysql"))
    )
    (host,) = plan.hosts
    droplet = replace(
        host.droplet, size="s-99vcpu-999gb", ssh_keys=("alice",), vpc="inner", region="fra1"
    )
    state = seed_for(replace(plan, hosts=(replace(host, droplet=droplet),)))
    assert [(cluster["name"], cluster["engine"]) for cluster in state["databases"]] == [
        ("orders-mysql", "mysql")
    ]
    assert [key["name"] for key in state["keys"]] == ["alice"]
    assert ("inner", "fra1") in {(vpc["name"], vpc["region"]) for vpc in state["vpcs"]}
    assert "s-99vcpu-999gb" in {size["slug"] for size in state["sizes"]}
    assert state["droplets"] == []


def test_a_network_in_an_unknown_region_does_not_stop_the_rehearsal() -> None:
    plan = companies.plan(companies.service("shop"))
    (host,) = plan.hosts
    droplet = replace(host.droplet, vpc="inner", region="mars1")
    state = seed_for(replace(plan, hosts=(replace(host, droplet=droplet),)))
    assert "inner" in {vpc["name"] for vpc in state["vpcs"]}


def test_without_a_plan_the_account_is_empty() -> None:
    state = seed_for(None)
    assert (state["databases"], state["keys"]) == ([], [])
