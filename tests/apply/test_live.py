"""The account, looked at once more: what is missing, there twice, and one too many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.apply.live import Live, inventory, shortcomings, surpluses
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.reconcile.state import DROPLET, HOST, State, StateResource
from tests import companies
from tests.apply.steps import urn
from tests.reconcile.worlds import database_state

PLAN = companies.plan(
    companies.service("shop", database=companies.database("shop")),
    companies.service("wiki", host="basil", port=8081),
)


def droplet(number: int, host: str, **fields: Any) -> LiveDroplet:
    tags = (naming.owner_tag(PLAN.fleet, PLAN.environment), naming.host_tag(PLAN.fleet, host))
    made = LiveDroplet(number, host, "active", "nyc1", "s-1vcpu-1gb", tags, ("192.0.2.1",))
    return replace(made, **fields)


LIVE = Live(
    droplets=(droplet(1, "lime"), droplet(2, "basil")),
    databases={"shared-pg": frozenset({"shop", "defaultdb"})},
    users={"shared-pg": frozenset({"shop", "doadmin"})},
)


def state(ids: Mapping[str, int]) -> State:
    """A state with these droplets, by their hosts' names."""
    hosts = [StateResource(urn("Host", name), HOST) for name in ids]
    held = [
        StateResource(urn("Droplet", name), DROPLET, str(number), urn("Host", name))
        for name, number in ids.items()
    ]
    return State((*hosts, *held))


STATE = state({"lime": 1, "basil": 2})


def test_an_account_that_is_what_the_plan_says_lacks_nothing() -> None:
    assert list(shortcomings(PLAN, LIVE, STATE)) == []
    assert inventory(PLAN) == "2 droplets and 1 database with their users"


def test_what_is_missing_is_named() -> None:
    assert list(shortcomings(PLAN, Live(), state({"lime": 1}))) == [
        "host basil: the state has no droplet for it",
        "host lime: its droplet 1 is not in the account",
        "database shop is not on shared-pg",
        "user shop is not on shared-pg",
    ]


def test_a_second_user_that_the_state_has_is_looked_for_too() -> None:
    turning = State((*STATE.resources, *database_state(second="shop_2")))
    assert list(shortcomings(PLAN, LIVE, turning)) == ["user shop_2 is not on shared-pg"]
    both = replace(LIVE, users={"shared-pg": frozenset({"shop", "shop_2"})})
    assert list(shortcomings(PLAN, both, turning)) == []


def test_a_second_droplet_of_a_host_is_named_and_one_too_many() -> None:
    twice = replace(LIVE, droplets=(*LIVE.droplets, droplet(3, "lime")))
    assert list(shortcomings(PLAN, twice, STATE)) == [
        "host lime: droplet 3 is there beside 1, the one that the state has"
    ]
    (surplus,) = surpluses(PLAN, twice, STATE)
    assert (surplus.host, surplus.kept, surplus.droplet.id) == ("lime", 1, 3)


def test_tags_are_compared_without_case() -> None:
    shouting = droplet(3, "lime", tags=tuple(tag.upper() for tag in droplet(3, "lime").tags))
    twice = replace(LIVE, droplets=(*LIVE.droplets, shouting))
    assert [surplus.droplet.id for surplus in surpluses(PLAN, twice, STATE)] == [3]


def test_a_droplet_of_the_same_name_without_our_tags_is_not_one_too_many() -> None:
    owner = naming.owner_tag(PLAN.fleet, PLAN.environment)
    for tags in ((), (owner,), (naming.host_tag(PLAN.fleet, "lime"),), ("infra-apply:other:prod",)):
        strangers = replace(LIVE, droplets=(*LIVE.droplets, droplet(3, "lime", tags=tags)))
        assert list(surpluses(PLAN, strangers, STATE)) == []


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from(["lime", "basil"])), unique_by=lambda d: d[0]
    ),
    st.dictionaries(st.sampled_from(["lime", "basil"]), st.integers(1, 6)),
)
def test_what_the_state_has_is_never_one_too_many_and_never_the_only_one(
    held: list[tuple[int, str]], remembered: dict[str, int]
) -> None:
    live = Live(tuple(droplet(number, host) for number, host in held))
    surplus = list(surpluses(PLAN, live, state(remembered)))
    for extra in surplus:
        assert extra.droplet.id not in remembered.values()
        assert extra.kept == remembered[extra.host]
        assert extra.kept in {number for number, _ in held}
