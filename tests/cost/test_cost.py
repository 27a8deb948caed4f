"""What a plan costs, by hand-made prices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.cost.compute import cost, with_current_sizes
from infra_apply.cost.json import as_json
from infra_apply.cost.model import Prices
from infra_apply.cost.prices import BUILT_IN
from infra_apply.cost.text import difference, lines, one_line
from infra_apply.inputs.settings import Droplet
from infra_apply.plan.model import HostPlan, LookedUpHost, Plan, PoolPlan, ServicePlan

PRICES = Prices({"small": (6.0, 0.01), "large": (24.0, 0.04), "gpu": (1500.0, 2.0)}, "a test")
EMPTY = Plan("prod", "prod", "acme", (), (), (), (), (), (), ())


def on(*services: tuple[str, str]) -> tuple[ServicePlan, ...]:
    return tuple(
        ServicePlan(project, "dev" if environment == "dev" else "prod", None, None, None)
        for project, environment in services
    )


LIME = HostPlan(
    "lime", on(("shop", "prod"), ("wiki", "prod"), ("shop", "dev")), Droplet(size="small")
)
BASIL = HostPlan("basil", on(("shop", "prod")), Droplet(size="large", backups=True))
ODD = replace(BASIL, droplet=replace(BASIL.droplet, size="odd"))
ELSEWHERE = LookedUpHost("dill", on(("shop", "prod")))
POOL = PoolPlan("shop", "prod", "gpu", ("gpu",), (), max_slots=3, max_hours=24)


def plan(
    *hosts: HostPlan,
    looked_up: tuple[LookedUpHost, ...] = (),
    pools: tuple[PoolPlan, ...] = (),
) -> Plan:
    return replace(EMPTY, hosts=hosts, looked_up=looked_up, pools=pools)


def test_a_hosts_price_is_split_over_its_services() -> None:
    found = cost([plan(LIME, BASIL, looked_up=(ELSEWHERE,))], PRICES)
    assert found.monthly == pytest.approx(6 + 24 * 1.2)
    assert {share.name: share.monthly for share in found.projects} == pytest.approx(
        {"shop": 2 + 2 + 28.8, "wiki": 2}
    )
    assert {share.name: share.monthly for share in found.environments} == pytest.approx(
        {"dev": 2, "prod": 4 + 28.8}
    )


def test_a_price_nobody_knows_is_not_taken_for_nothing() -> None:
    found = cost([plan(LIME, ODD)], PRICES)
    assert [host.monthly for host in found.hosts] == [None, 6.0]
    assert found.unknown == ("odd",)
    assert [share.complete for share in found.projects] == [False, True]
    assert next(lines(found)) == "$6.00 a month or more (some prices are unknown), by a test"


@pytest.mark.parametrize(
    ("budget", "most", "budgeted"),
    [(None, 144.0, False), (60.0, 60.0, True), (500.0, 144.0, False)],
)
def test_a_pool_costs_at_most_its_slots_around_the_clock_or_its_budget(
    budget: float | None, most: float, budgeted: bool
) -> None:
    (pool,) = cost([plan(pools=(replace(POOL, budget=budget),))], PRICES).pools
    assert (pool.hourly, pool.most_per_day, pool.budgeted) == ((2.0, 2.0), most, budgeted)


def test_a_pool_of_several_sizes_costs_from_the_cheapest_to_the_dearest() -> None:
    (pool,) = cost([plan(pools=(replace(POOL, sizes=("gpu", "large")),))], PRICES).pools
    assert (pool.hourly, pool.most_per_day) == ((0.04, 2.0), 144.0)
    (odd,) = cost([plan(pools=(replace(POOL, sizes=("gpu", "odd")),))], PRICES).pools
    assert (odd.hourly, odd.most_per_day) == (None, None)


def test_a_cost_is_said_in_one_line_and_as_a_difference() -> None:
    before, after = cost([plan(LIME)], PRICES), cost([plan(LIME, BASIL, pools=(POOL,))], PRICES)
    assert one_line(after) == "$34.80 a month; GPU pools at most $144.00 a day, by a test"
    assert (
        difference(before, after)
        == "+$28.80 a month (to $34.80); GPU pools at most $144.00 a day, by a test"
    )
    assert difference(after, before) == "-$28.80 a month (to $6.00), by a test"


def test_a_preview_begins_from_the_sizes_there_are() -> None:
    wanted = plan(LIME, BASIL, looked_up=(ELSEWHERE,))
    now = with_current_sizes(wanted, {"lime": "large", "dill": "large", "other": "large"})
    before, after = cost([now], PRICES), cost([wanted], PRICES)
    assert difference(before, after) == "+$10.80 a month (to $34.80), by a test"


def test_json_has_cents_and_null_for_what_is_unknown() -> None:
    made = as_json(cost([plan(LIME, ODD, pools=(POOL,))], PRICES))
    assert made["hosts"][0]["monthly"] is None
    assert made["pools"][0]["hourly"] == {"least": 2.0, "most": 2.0}
    assert (made["monthly"], made["unknown_sizes"]) == (6.0, ["odd"])


HOSTS = st.lists(
    st.builds(
        HostPlan,
        st.uuids().map(str),
        st.lists(st.sampled_from(on(("a", "prod"), ("b", "prod"), ("a", "dev"))), min_size=1).map(
            tuple
        ),
        st.builds(Droplet, size=st.sampled_from(["small", "large", "odd"]), backups=st.booleans()),
    ),
    max_size=6,
    unique_by=lambda host: host.name,
)


@given(HOSTS)
def test_projects_and_environments_add_up_to_the_whole(hosts: list[HostPlan]) -> None:
    found = cost([plan(*hosts)], PRICES)
    for shares in (found.projects, found.environments):
        assert sum(share.monthly for share in shares) == pytest.approx(found.monthly)


def test_the_built_in_prices_say_their_date_and_agree_with_themselves() -> None:
    assert BUILT_IN.source == "the built-in prices of December 2025"
    for monthly, hourly in BUILT_IN.by_size.values():
        assert 672 * hourly <= monthly * 1.01 <= 744 * hourly * 1.02
