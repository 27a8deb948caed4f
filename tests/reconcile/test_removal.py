"""What the state remembers goes only when it is retired, and in two steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra_apply.digitalocean.model import Account
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.state import HOST, State, StateResource
from tests.companies import database, gpu, plan, service
from tests.reconcile.worlds import (
    QUIET,
    account,
    component,
    database_state,
    decided,
    droplet,
    firewall,
    host_state,
    pool_state,
    state,
)

WIKI = service("wiki", "basil")
HERE = droplet(9, "basil", tags=("infra-apply:acme:prod", "infra-apply-host:acme:basil"))
LIVE = account(
    HERE,
    droplet(),
    firewalls=(firewall(), firewall("basil", "infra-apply-host:acme:basil", number="b")),
    databases={"shared-pg": frozenset({"shop"})},
    users={"shared-pg": frozenset({"shop"})},
)
BASIL = host_state(9, "basil", services={"wiki": []})
LIME_AND_BASIL = state(BASIL, host_state(7))


def wanted(*manifests: Manifest, **retired: str) -> Plan:
    settings: Settings = replace(QUIET, retired=retired)  # type: ignore[arg-type]
    return plan(*(manifests or (WIKI,)), settings=settings)


def problems_of(planned: Plan, remembered: State, live: Account = LIVE) -> list[str]:
    return [
        f"{problem.code.id} {problem.message}"
        for problem in reconcile(planned, live, remembered)[1]
    ]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (host_state(7), "IA919 the host `lime` is in the state and no longer planned"),
        (database_state(), "IA919 the database of `shop` is in the state and no longer planned"),
        (pool_state(), "IA919 the GPU pool `shop` is in the state and no longer planned"),
        (
            (component(HOST, "lime", services={}),),
            "IA919 the host `lime` is in the state and no longer planned",
        ),
    ],
)
def test_what_the_plan_no_longer_has_stops_the_run(left: tuple[object, ...], words: str) -> None:
    remembered = state(BASIL, left)  # type: ignore[arg-type]
    (problem,) = problems_of(wanted(), remembered)
    assert problem.startswith(words)


def test_what_would_go_is_named_with_its_manifest_and_who_depends_on_it() -> None:
    lost, *children = database_state()
    placed = replace(lost, outputs={"manifest": "../shop/.infra.yaml"})
    (problem,) = problems_of(wanted(), state(BASIL, (placed, *children)))
    assert problem.endswith("(last declared in ../shop/.infra.yaml)")
    host = host_state(7, services={"shop": ["portal", "wiki"]})
    (problem,) = problems_of(wanted(), state(BASIL, host))
    assert problem.endswith("(it carries `shop`; `portal`, `wiki` depend on it)")


def test_the_two_ways_on_can_be_pasted() -> None:
    _, (problem,) = reconcile(wanted(), LIVE, state(BASIL, database_state()))
    assert "`infra-apply:retired: {shop: keep}`, or `destroy`" in (problem.hint or "")


def test_a_service_without_a_manifest_keeps_its_hosts_ports_and_tags() -> None:
    remembered = state(host_state(9, "basil", services={"wiki": [], "shop": ["wiki"]}))
    (problem,) = problems_of(wanted(), remembered)
    assert problem.startswith("IA919 `shop` runs on `basil` as far as the state knows, and has no")
    assert problem.endswith("`wiki` depend on it")


def test_a_caller_without_a_manifest_keeps_its_way_in() -> None:
    remembered = state(host_state(9, "basil", services={"wiki": ["portal"]}))
    (problem,) = problems_of(wanted(), remembered)
    assert problem == "IA919 `portal` calls `wiki` on `basil`, and has no manifest"


def test_an_instance_that_left_several_things_behind_is_named_once() -> None:
    remembered = state(
        host_state(9, "basil", services={"wiki": ["shop"], "shop": []}), database_state()
    )
    assert len(problems_of(wanted(), remembered)) == 1


def test_a_caller_that_no_longer_depends_on_a_service_loses_its_way_in() -> None:
    portal = Manifest("portal", "prod", "mac")
    remembered = state(host_state(9, "basil", services={"wiki": ["portal"]}))
    assert problems_of(wanted(WIKI, portal), remembered) == []


def test_a_service_that_left_a_host_is_named_and_may_go() -> None:
    remembered = state(
        host_state(9, "basil", services={"wiki": [], "shop": []}),
        host_state(7, services={}),
    )
    assert problems_of(wanted(WIKI, service("shop")), remembered) == [
        "IA926 `shop` no longer runs on `basil`"
    ]


def test_what_is_retired_and_planned_is_a_contradiction() -> None:
    (problem,) = problems_of(wanted(WIKI, basil="destroy"), state(BASIL))
    assert problem == "IA920 the host `basil` is retired, and planned"
    both = service("wiki", "basil", database=database("wiki"), gpu=gpu())
    assert problems_of(wanted(both, wiki="keep"), state(BASIL)) == [
        "IA920 the database of `wiki` is retired, and planned",
        "IA920 the GPU pool `wiki` is retired, and planned",
    ]


def retirement(decisions: Decisions) -> list[tuple[str, str, int]]:
    return [(gone.component.name, gone.fate, len(gone.children)) for gone in decisions.retirements]


@pytest.mark.parametrize("fate", ["keep", "destroy"])
def test_what_is_retired_is_first_rendered_without_protection_and_then_let_go(fate: str) -> None:
    planned = wanted(WIKI, shop=fate)
    first = state(BASIL, database_state())
    decisions, problems = reconcile(planned, LIVE, first)
    assert [problem.code.id for problem in problems] == ["IA925"]
    assert (problems[0].hint or "").startswith("apply once more: that ")
    assert decisions is not None
    assert retirement(decisions) == [("shop", fate, 2)]
    lifted = tuple(
        replace(resource, protect=False, retain=fate == "keep") for resource in database_state()
    )
    assert retirement(decided(planned, LIVE, state(BASIL, lifted))) == []


@pytest.mark.parametrize("fate", ["keep", "destroy"])
def test_what_somebody_deleted_of_what_is_retired_is_not_made_again(fate: str) -> None:
    remembered = state(BASIL, host_state(7), database_state())
    planned = wanted(WIKI, lime=fate, shop=fate)
    without_firewall = replace(LIVE, firewalls=())
    assert retirement(decided(planned, without_firewall, remembered)) == [
        ("lime", fate, 1),
        ("shop", fate, 2),
    ]
    nothing = replace(
        without_firewall,
        droplets=tuple(held for held in LIVE.droplets if held.id != 7),
        databases={"shared-pg": frozenset()},
        users={"shared-pg": frozenset()},
    )
    assert retirement(decided(planned, nothing, remembered)) == []


def test_a_retired_host_goes_with_its_firewall() -> None:
    planned = wanted(WIKI, lime="keep", shop="keep")
    decisions = decided(planned, LIVE, state(BASIL, host_state(7)))
    assert retirement(decisions) == [("lime", "keep", 2)]


def test_a_host_that_carries_a_service_nobody_accounts_for_is_not_destroyed() -> None:
    remembered = state(BASIL, host_state(7, services={"shop": [], "wiki-dev": []}))
    assert problems_of(wanted(WIKI, lime="destroy", shop="keep"), remembered)[0].startswith(
        "IA919 the host `lime` is to be destroyed, and carries `wiki-dev`"
    )
    everything = wanted(WIKI, lime="destroy", shop="keep", **{"wiki-dev": "keep"})
    assert retirement(decided(everything, LIVE, remembered)) == [("lime", "destroy", 2)]


def test_a_pool_or_a_half_registered_host_is_let_go_at_once() -> None:
    begun = state(BASIL, (component(HOST, "lime", services={}),))
    live = account(HERE, firewalls=LIVE.firewalls)
    assert retirement(decided(wanted(WIKI, lime="destroy"), live, begun)) == []


@pytest.mark.parametrize("begun", [(), (component(HOST, "lime", services={}),)])
def test_a_retired_host_whose_droplet_the_state_never_heard_of_is_not_forgotten(
    begun: tuple[StateResource, ...],
) -> None:
    remembered = state(BASIL, begun)
    (problem,) = problems_of(wanted(WIKI, lime="destroy"), remembered)
    assert problem.startswith("IA913 the host `lime` is to be destroyed, and droplet 7 has its tag")
    assert problems_of(wanted(WIKI, lime="keep"), remembered) == []


def test_a_second_droplet_of_a_retired_host_is_not_forgotten() -> None:
    live = replace(LIVE, droplets=(*LIVE.droplets, droplet(8)))
    problems = problems_of(wanted(WIKI, lime="destroy", shop="keep"), LIME_AND_BASIL, live)
    (problem,) = [problem for problem in problems if "IA925" not in problem]
    assert problem.startswith("IA913 the host `lime` is to be destroyed, and droplet 8 has its tag")


@pytest.mark.parametrize(
    "tags",
    [
        ("infra-apply:acme:dev", "infra-apply-host:acme:lime"),
        ("infra-apply:acme:prod", "infra-apply-host:acme:basil2"),
        ("infra-apply:acme:prod", "infra-apply-host:acme:lime", "infra-apply-slot:lime:abc234"),
        ("env:prod",),
    ],
)
def test_what_is_not_a_retired_hosts_own_droplet_is_nothing_to_its_removal(
    tags: tuple[str, ...],
) -> None:
    live = account(HERE, droplet(8, tags=tags), firewalls=LIVE.firewalls)
    assert problems_of(wanted(WIKI, lime="destroy"), state(BASIL), live) == []


def test_a_host_that_was_let_go_last_leaves_no_state_that_looks_lost() -> None:
    elsewhere = plan(settings=replace(QUIET, retired={"lime": "keep", "basil": "destroy"}))
    _, problems = reconcile(elsewhere, account(droplet()), State())
    assert problems == ()
    _, problems = reconcile(elsewhere, account(droplet(8, "basil")), State())
    assert [problem.code.id for problem in problems] == ["IA921"]
