"""What is declared beside what is real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.inputs.settings import HostSettings
from infra_apply.map.graph import Graph, build_graph
from infra_apply.map.live_status import Standing, cost_so_far, slots, standings, strays
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan
from tests.companies import SETTINGS, database, fleet, gpu, service

COMPANY = fleet(service("shop", database=database("shop"), gpu=gpu()))
DRAWN: Graph = build_graph(COMPANY)
PLAN: Plan = build(COMPANY, SETTINGS)
LIME = PLAN.hosts[0].droplet
DROPLET = LiveDroplet(7, "lime", "active", LIME.region, LIME.size, LIME.tags, ("203.0.113.5",))
SLOT = LiveDroplet(
    9, "g", "active", "tor1", "gpu-l40sx1-48gb", ("infra-apply-slot:shop:a1b2c3",), (), 0.0, 1.5
)


def host(*droplets: LiveDroplet, plan: Plan = PLAN) -> Standing:
    return standings(DRAWN, [plan], Account(droplets=droplets), {}, 0.0)["host:lime"]


def test_a_droplet_as_declared_is_good() -> None:
    assert host(DROPLET) == Standing("good", "active, 203.0.113.5")


def test_what_differs_is_said() -> None:
    other = replace(
        DROPLET,
        size="s-8vcpu-16gb",
        region="fra1",
        tags=(*LIME.tags[1:], "env:old", "somebody-elses"),
    )
    assert host(other).notes == (
        f"size is s-8vcpu-16gb, declared {LIME.size}",
        f"region is fra1, declared {LIME.region}",
        f"lacks the tags {LIME.tags[0]}",
        "has the tags env:old, not declared",
    )
    assert host(other).mark == "drift"


@pytest.mark.parametrize(
    ("droplets", "standing"),
    [
        ((), Standing("bad", "no such droplet")),
        ((replace(DROPLET, status="off"),), Standing("bad", "off, 203.0.113.5")),
        (
            (replace(DROPLET, name="droplet-1", addresses=("10.0.0.1", "100.64.0.11")),),
            Standing("good", "active, 10.0.0.1"),
        ),
        ((replace(DROPLET, addresses=()),), Standing("good", "active, no address yet")),
    ],
)
def test_a_droplet_is_found_by_its_name_or_its_mesh_address(
    droplets: tuple[LiveDroplet, ...], standing: Standing
) -> None:
    assert host(*droplets) == standing


def test_of_two_droplets_with_the_name_neither_is_taken() -> None:
    found = host(DROPLET, replace(DROPLET, id=8))
    assert (found.mark, found.words) == ("unknown", "2 droplets may be meant")


def test_an_adopted_droplet_is_found_by_its_id_alone() -> None:
    settings = replace(SETTINGS, hosts={"lime": HostSettings(adopt=8)})
    plan = build(COMPANY, settings)
    assert host(DROPLET, plan=plan).words == "no such droplet"
    assert host(replace(DROPLET, id=8, name="old"), plan=plan).mark == "good"


def test_databases_and_clusters_stand_as_the_account_has_them() -> None:
    here = Account(databases={"shared-pg": frozenset({"shop", "defaultdb"})})
    lacks = Account(databases={"shared-pg": frozenset()})
    ids = ("cluster:shared-pg", "database:shared-pg/shop")
    shown = [[standings(DRAWN, [], live, {}, 0.0)[id_] for id_ in ids] for live in (here, lacks)]
    assert shown == [
        [Standing("good", "2 databases"), Standing("good", "present")],
        [Standing("good", "0 databases"), Standing("bad", "not there")],
    ]
    gone = standings(DRAWN, [], Account(), {}, 0.0)
    assert [gone[id_].words for id_ in ids] == ["no such cluster", "unknown"]


def test_without_an_account_everything_of_it_is_unknown_and_ports_are_not() -> None:
    found = standings(DRAWN, [PLAN], None, {"service:prod/shop": "answers"}, 0.0)
    assert found.pop("service:prod/shop") == Standing("good", "answers")
    assert {one.mark for one in found.values()} == {"unknown"}
    # Nobody can ask a mac from the account: nothing is said of it.
    assert "host:fennel" not in found


def test_a_slot_costs_from_when_it_was_made() -> None:
    live = Account(gpu_droplets=(SLOT,))
    (slot,) = slots(live, 7200.0)
    assert (slot.pool, slot.id, slot.hours, slot.cost) == ("shop", "a1b2c3", 2.0, 3.0)
    pool = standings(DRAWN, [], live, {}, 7200.0)["pool:prod/shop"]
    assert pool.words == "1 slot, $3.00 so far"
    assert pool.notes == ("a1b2c3: gpu-l40sx1-48gb in tor1, active, 2.0 h, $3.00 so far",)


def test_a_price_that_is_not_known_is_said() -> None:
    live = Account(gpu_droplets=(SLOT, replace(SLOT, hourly=None)))
    assert cost_so_far(list(slots(live, 3600.0))) == "$1.50 so far, partly unknown"
    assert (
        cost_so_far(list(slots(Account(gpu_droplets=live.gpu_droplets[1:]), 1.0))) == "cost unknown"
    )


def test_slots_of_pools_nobody_declares_are_strays() -> None:
    other = replace(SLOT, tags=("infra-apply-slot:old:zzzzzz", "env:prod", "infra-apply-slot"))
    live = Account(gpu_droplets=(SLOT, other))
    assert [one.pool for one in strays(DRAWN, live, 0.0)] == ["old"]
