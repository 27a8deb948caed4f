"""What is declared beside what is real."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.gpu.pool import PoolIdentity, Remembered, survey
from infra_apply.gpu.status import Status, as_json
from infra_apply.inputs.settings import HostSettings
from infra_apply.map.graph import Graph, build_graph
from infra_apply.map.live_status import LiveStatus, Stray, live_statuses, strays
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan
from tests.companies import SETTINGS, database, fleet, gpu, service

COMPANY = fleet(service("shop", database=database("shop"), gpu=gpu()))
DRAWN: Graph = build_graph(COMPANY)
PLAN: Plan = build(COMPANY, SETTINGS)
LIME = PLAN.hosts[0].droplet
DROPLET = LiveDroplet(7, "lime", "active", LIME.region, LIME.size, LIME.tags, ("203.0.113.5",))
OWNER = f"infra-apply:{SETTINGS.fleet}:prod"
FLEETS = {SETTINGS.fleet}
SLOT = LiveDroplet(
    9,
    "shop-gpu-a2b2c3",
    "active",
    "tor1",
    "gpu-l40sx1-48gb",
    ("infra-apply-slot:acme:shop:a2b2c3", OWNER),
    (),
    0.0,
    1.5,
)


def host(*droplets: LiveDroplet, plan: Plan = PLAN) -> LiveStatus:
    return live_statuses(DRAWN, [plan], Account(droplets=droplets), {}, 0.0)["host:lime"]


def test_a_droplet_as_declared_is_good() -> None:
    assert host(DROPLET) == LiveStatus("good", "active, 203.0.113.5")


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
    ("droplets", "status"),
    [
        ((), LiveStatus("bad", "no such droplet")),
        ((replace(DROPLET, status="off"),), LiveStatus("bad", "off, 203.0.113.5")),
        (
            (replace(DROPLET, name="droplet-1", addresses=("10.0.0.1", "100.64.0.11")),),
            LiveStatus("good", "active, 10.0.0.1"),
        ),
        ((replace(DROPLET, addresses=()),), LiveStatus("good", "active, no address yet")),
    ],
)
def test_a_droplet_is_found_by_its_name_or_its_mesh_address(
    droplets: tuple[LiveDroplet, ...], status: LiveStatus
) -> None:
    assert host(*droplets) == status


def test_of_two_droplets_with_the_name_neither_is_taken() -> None:
    status = host(DROPLET, replace(DROPLET, id=8))
    assert (status.mark, status.words) == ("unknown", "2 droplets may be meant")


def test_an_adopted_droplet_is_found_by_its_id_alone() -> None:
    settings = replace(SETTINGS, hosts={"lime": HostSettings(adopt=8)})
    plan = build(COMPANY, settings)
    assert host(DROPLET, plan=plan).words == "no such droplet"
    assert host(replace(DROPLET, id=8, name="old"), plan=plan).mark == "good"


def test_databases_and_clusters_stand_as_the_account_has_them() -> None:
    here = Account(databases={"shared-pg": frozenset({"shop", "defaultdb"})})
    lacks = Account(databases={"shared-pg": frozenset()})
    ids = ("cluster:shared-pg", "database:shared-pg/shop")
    statuses = [live_statuses(DRAWN, [], live, {}, 0.0) for live in (here, lacks)]
    assert [[by_id[id_] for id_ in ids] for by_id in statuses] == [
        [LiveStatus("good", "2 databases"), LiveStatus("good", "present")],
        [LiveStatus("good", "0 databases"), LiveStatus("bad", "not there")],
    ]
    gone = live_statuses(DRAWN, [], Account(), {}, 0.0)
    assert [gone[id_].words for id_ in ids] == ["no such cluster", "unknown"]


def test_without_an_account_everything_of_it_is_unknown_and_ports_are_not() -> None:
    statuses = live_statuses(DRAWN, [PLAN], None, {"service:prod/shop": "answers"}, 0.0)
    assert statuses.pop("service:prod/shop") == LiveStatus("good", "answers")
    assert {status.mark for status in statuses.values()} == {"unknown"}
    # Nobody can ask a mac from the account: nothing is said of it.
    assert "host:fennel" not in statuses


def pool(*droplets: LiveDroplet, now: float) -> LiveStatus:
    return live_statuses(DRAWN, [], Account(gpu_droplets=droplets), {}, now, fleets=FLEETS)[
        "pool:prod/shop"
    ]


def test_a_slot_costs_from_when_it_was_made() -> None:
    assert pool(SLOT, now=7200.0) == LiveStatus(
        "good",
        "1 slot, $3.00 so far",
        ("a2b2c3: gpu-l40sx1-48gb in tor1, active, 2.0 h, $3.00 so far",),
    )


def test_a_price_or_an_age_that_is_not_known_is_said() -> None:
    unpriced = replace(SLOT, id=10, hourly=None)
    assert pool(SLOT, unpriced, now=3600.0).words == "2 slots, $1.50 so far, partly unknown"
    assert pool(unpriced, now=3600.0).words == "1 slot, cost unknown"
    (note,) = pool(replace(SLOT, made_at=None), now=3600.0).notes
    assert note == "a2b2c3: gpu-l40sx1-48gb in tor1, active, age unknown"


def test_an_empty_pool_is_good() -> None:
    assert pool(now=0.0) == LiveStatus("good", "empty")


def test_slots_of_pools_nobody_declares_are_strays() -> None:
    tags = ("infra-apply-slot:old:zzzzzz", "env:prod", "infra-apply-slot", OWNER)
    other = replace(SLOT, name="old-gpu-zzzzzz", tags=tags)
    live = Account(gpu_droplets=(SLOT, other))
    assert strays(DRAWN, live, 3600.0, fleets=FLEETS) == (
        Stray("old", "old-gpu-zzzzzz", "$1.50 so far"),
    )


@pytest.mark.parametrize("tag", ["infra-apply-slot:_x110000_:a", "infra-apply-slot:_x1b_:a"])
def test_a_slot_tag_that_cannot_be_read_is_a_stray_and_the_pool_is_shown(tag: str) -> None:
    odd = replace(SLOT, id=10, name="odd", tags=(tag,))
    (stray,) = strays(DRAWN, Account(gpu_droplets=(SLOT, odd)), 3600.0, fleets=FLEETS)
    assert stray == Stray("unknown, as its name is not a slot's", "odd", "$1.50 so far")
    assert pool(SLOT, odd, now=3600.0).words == "1 slot, $1.50 so far"


def test_a_slot_of_another_fleet_is_neither_in_the_pool_nor_a_stray() -> None:
    tags = ("infra-apply-slot:rival:shop:a2b2c3", "infra-apply:rival:prod")
    theirs = replace(SLOT, tags=tags)
    assert strays(DRAWN, Account(gpu_droplets=(theirs,)), 0.0, fleets=FLEETS) == ()
    assert pool(theirs, now=0.0) == LiveStatus("good", "empty")


def test_a_pool_s_tag_is_known_in_any_case_as_digitalocean_keeps_it() -> None:
    loud = replace(SLOT, tags=("infra-apply-slot:ACME:SHOP:a2b2c3", OWNER.upper()))
    assert strays(DRAWN, Account(gpu_droplets=(loud,)), 0.0, fleets=FLEETS) == ()
    assert pool(loud, now=7200.0).words == "1 slot, $3.00 so far"


@given(
    age=st.floats(0, 10**7),
    hourly=st.none() | st.floats(0.01, 100),
    made_at=st.none() | st.just(SLOT.made_at),
)
def test_the_map_and_gpu_status_give_a_slot_the_same_cost(
    age: float, hourly: float | None, made_at: float | None
) -> None:
    droplet = replace(SLOT, hourly=hourly, made_at=made_at)
    survey_of_shop = survey(PoolIdentity(SETTINGS.fleet, "prod", "shop"), [droplet], Remembered())
    (entry,) = as_json(Status("prod", {"shop": survey_of_shop}), age)["slots"]
    cost = "cost unknown" if entry["spent"] is None else f"${entry['spent']:.2f} so far"
    assert pool(droplet, now=age).words == f"1 slot, {cost}"
