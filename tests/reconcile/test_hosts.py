"""Which droplet a host is, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.inputs.settings import Droplet, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.recognition import find_looked_up_vpcs
from infra_apply.reconcile.state import State
from tests.companies import plan, service
from tests.reconcile.worlds import (
    HOST_TAG,
    OWNER,
    QUIET,
    account,
    codes,
    decided,
    droplet,
    firewall,
    host_settings,
    host_state,
    state,
)


def wanted(settings: Settings = QUIET) -> Plan:
    return plan(service("shop"), settings=settings)


STRANGER = droplet(8, tags=("team:web",))
COPY = droplet(8, addresses=("203.0.113.8",))
DEV = droplet(8, tags=("infra-apply:acme:dev", HOST_TAG))
OTHER_FLEET = droplet(8, "elm", tags=("infra-apply:umbrella:prod", "infra-apply-host:acme:elm"))
SLOT = droplet(8, "shop-gpu-k3x7qa", tags=(OWNER, "infra-apply-slot:shop:k3x7qa"))
REMEMBERED = state(host_state(7))
FORGOTTEN = state(host_state(None))
HAD_7 = state(tuple(replace(held, outputs={"droplet": "7"}) for held in host_state(None)))


@dataclass(frozen=True)
class Case:
    """What is there, what the state has, and what follows: an import id, or codes."""

    live: Account
    remembered: State
    import_id: str | None = None
    codes: tuple[str, ...] = ()
    settings: Settings = field(default_factory=lambda: QUIET)
    mesh_address: str | None = "100.64.0.11"


CASES = {
    "nothing anywhere: it is made": Case(account(), State()),
    "the state has it and it is there: it is the same": Case(account(droplet()), REMEMBERED, "7"),
    "the state has it and it is gone: it is made anew": Case(account(), REMEMBERED),
    "ours and the state lacks it: it is taken up": Case(
        account(droplet()), FORGOTTEN, "7", ("IA910",)
    ),
    "ours by its tag alone, renamed outside: it is taken up": Case(
        account(droplet(name="called-otherwise")), FORGOTTEN, "7", ("IA910",)
    ),
    "ours by tags in another case: it is taken up": Case(
        account(droplet(tags=(OWNER.upper(), HOST_TAG.title()))), FORGOTTEN, "7", ("IA910",)
    ),
    "ours twice and the state has one: neither is touched": Case(
        account(droplet(), COPY), REMEMBERED, codes=("IA909",)
    ),
    "ours twice and the state has none: neither is guessed": Case(
        account(droplet(), COPY), FORGOTTEN, codes=("IA909",)
    ),
    "ours twice, the state has none, and one is adopted: the other is still in the way": Case(
        account(droplet(), COPY), FORGOTTEN, codes=("IA909",), settings=host_settings(adopt=7)
    ),
    "ours twice, and the owner's tag was removed from one: the other is taken up": Case(
        account(droplet(), replace(COPY, tags=(HOST_TAG,))), FORGOTTEN, "7", ("IA910",)
    ),
    "the state's is gone and a copy is there: nothing is swapped": Case(
        account(COPY), REMEMBERED, codes=("IA913",)
    ),
    "the state's was gone for an earlier refresh already, and a copy is there": Case(
        account(COPY), HAD_7, codes=("IA913",)
    ),
    "an earlier refresh was told by mistake that it was gone: it is taken up again": Case(
        account(droplet()), HAD_7, "7", ("IA910",)
    ),
    "an earlier refresh was told so, and there is nothing now: it is made anew": Case(
        account(), HAD_7
    ),
    "a copy that the settings name is adopted once the state's is gone": Case(
        account(COPY), REMEMBERED, "8", settings=host_settings(adopt=8, firewall="managed")
    ),
    "a copy is not adopted while the state's is there": Case(
        account(droplet(), replace(COPY, tags=())),
        REMEMBERED,
        codes=("IA908",),
        settings=host_settings(adopt=8, firewall="managed"),
    ),
    "a stranger has the name: it is asked which is meant": Case(
        account(STRANGER), State(), codes=("IA911",)
    ),
    "a stranger has the name in another case": Case(
        account(replace(STRANGER, name="Lime")), State(), codes=("IA911",)
    ),
    "a stranger has the mesh's address": Case(
        account(replace(STRANGER, name="web", addresses=("100.64.0.11",))),
        State(),
        codes=("IA911",),
    ),
    "a stranger has the mesh's address, written otherwise": Case(
        account(replace(STRANGER, name="web", addresses=("fd00:0:0::b",))),
        State(),
        codes=("IA911",),
        mesh_address="fd00::b",
    ),
    "a stranger has the name, and the settings say to make one": Case(
        account(STRANGER), State(), settings=host_settings(create=True)
    ),
    "a stranger has the name of a host that the state has": Case(
        account(droplet(), STRANGER), REMEMBERED, "7"
    ),
    "a droplet of another environment of the fleet": Case(account(DEV), State(), codes=("IA912",)),
    "a droplet of another fleet with another name": Case(account(OTHER_FLEET), State()),
    "a droplet of another fleet with the name is a stranger": Case(
        account(replace(OTHER_FLEET, name="lime")), State(), codes=("IA911",)
    ),
    "a slot with the owner's tag is no host, and no sign of a lost state": Case(
        account(SLOT), State()
    ),
    "an adopted droplet is taken into the state": Case(
        account(STRANGER), State(), "8", settings=host_settings(adopt=8)
    ),
    "an adopted droplet that the state has is the same": Case(
        account(STRANGER), state(host_state(8)[:2]), "8", settings=host_settings(adopt=8)
    ),
    "an adopted droplet that is not there is not made instead": Case(
        account(STRANGER), State(), codes=("IA908",), settings=host_settings(adopt=9)
    ),
    "another one of ours stands beside the adopted droplet": Case(
        account(droplet(), STRANGER),
        FORGOTTEN,
        codes=("IA908",),
        settings=host_settings(adopt=8),
    ),
    "an adopted droplet that another stack owns": Case(
        account(DEV), State(), codes=("IA912",), settings=host_settings(adopt=8)
    ),
    "an adopted droplet that another fleet owns": Case(
        account(OTHER_FLEET), State(), codes=("IA912",), settings=host_settings(adopt=8)
    ),
    "an adopted droplet that is a slot": Case(
        account(SLOT), State(), codes=("IA908",), settings=host_settings(adopt=8)
    ),
    "an empty state and a droplet of ours: the state is the wrong one": Case(
        account(droplet()), State(), codes=("IA921", "IA910")
    ),
    "an empty state and a droplet of ours that the settings adopt": Case(
        account(droplet()), State(), "7", settings=host_settings(adopt=7)
    ),
    "a host of a GPU size is looked for among the GPU droplets": Case(
        account(gpu_droplets=(droplet(size="gpu-l40sx1-48gb"),)),
        FORGOTTEN,
        "7",
        ("IA910",),
        host_settings(size="gpu-l40sx1-48gb"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_which_droplet_a_host_is(name: str) -> None:
    case = CASES[name]
    planned = wanted(case.settings)
    (host,) = planned.hosts
    planned = replace(planned, hosts=(replace(host, address=case.mesh_address),))
    decisions, problems = reconcile(planned, case.live, case.remembered)
    assert tuple(problem.code.id for problem in problems) == case.codes
    stopped = any(problem.severity == "error" for problem in problems)
    assert (decisions is None) == stopped
    if decisions:
        assert decisions.hosts[0].import_id == case.import_id


def test_two_hosts_do_not_adopt_one_droplet() -> None:
    settings = host_settings(host_settings(adopt=8), host="basil", adopt=8)
    twice = plan(service("shop"), service("wiki", "basil"), settings=settings)
    _, problems = reconcile(twice, account(STRANGER), State())
    assert [problem.message for problem in problems] == [
        "droplet 8 is the host `lime`, and `basil` is to adopt it",
        "droplet 8 is the host `basil`, and `lime` is to adopt it",
    ]


def test_a_droplet_that_is_another_host_is_not_adopted() -> None:
    settings = host_settings(host="basil", adopt=7)
    both = plan(service("shop"), service("wiki", "basil"), settings=settings)
    live = account(droplet(), firewalls=(firewall(),))
    _, problems = reconcile(both, live, REMEMBERED)
    assert [problem.code.id for problem in problems] == ["IA908"]
    assert "retired: {lime: keep}" in (problems[0].hint or "")


def message(live: Account, remembered: State, settings: Settings = QUIET) -> tuple[str, str]:
    _, problems = reconcile(wanted(settings), live, remembered)
    return problems[0].message, problems[0].hint or ""


def test_two_droplets_of_ours_are_named_with_ids_addresses_and_ages() -> None:
    text, _ = message(account(droplet(), COPY), REMEMBERED)
    assert text == (
        "`lime` is several droplets, all of this stack: droplet 7 at 203.0.113.7, made 2025-11-24"
        " 16:00 UTC, droplet 8 at 203.0.113.8, made 2025-11-24 16:00 UTC; the state has 7"
    )


def test_a_stranger_is_named_with_the_three_ways_on() -> None:
    text, hint = message(account(STRANGER), State())
    assert "droplet 8 at 203.0.113.7" in text
    assert all(way in hint for way in ("{adopt: 8}", "lookup: true", "create: true"))


def test_a_droplet_that_is_not_there_cannot_be_adopted_and_those_of_its_name_are_named() -> None:
    _, hint = message(account(STRANGER), State(), host_settings(adopt=9))
    assert hint == "droplets called `lime`: 8"


def test_a_host_in_doubt_is_one_whose_component_the_state_has_and_whose_droplet_nobody_has() -> (
    None
):
    assert decided(wanted(), account(), FORGOTTEN).may_exist == ("droplet lime",)
    assert decided(wanted(), account(), REMEMBERED).may_exist == ()
    assert decided(wanted(), account(), State()).may_exist == ()


def tags_of(live: LiveDroplet, remembered: State) -> set[str]:
    decisions = decided(wanted(), account(live, firewalls=(firewall(),)), remembered)
    return set(decisions.hosts[0].host.droplet.tags)


def test_tags_that_the_state_says_are_ours_go_and_those_of_others_stay() -> None:
    live = droplet(7, "lime", "team:web", "project:gone", "dropped-from-the-settings")
    ours = (OWNER, HOST_TAG, "project:gone", "dropped-from-the-settings")
    tags = tags_of(live, state(host_state(7, tags=ours)))
    assert "team:web" in tags
    assert not {"project:gone", "dropped-from-the-settings"} & tags


def test_tags_of_our_kinds_are_ours_where_an_earlier_version_wrote_the_state() -> None:
    live = droplet(7, "lime", "team:web", "project:gone")
    assert "project:gone" in tags_of(live, state(host_state(7)))
    by_input = [*live.tags]
    host, machine, wall = host_state(7)
    older = state((replace(host, inputs={}), replace(machine, inputs={"tags": by_input}), wall))
    assert "project:gone" not in tags_of(live, older)
    assert "team:web" in tags_of(live, older)


def test_a_tag_that_differs_in_case_is_the_same_tag_and_stays_as_it_is() -> None:
    live = droplet(tags=(OWNER, HOST_TAG, "Env:Prod"))
    tags = tags_of(live, REMEMBERED)
    assert "Env:Prod" in tags
    assert "env:prod" not in tags


def test_our_tags_are_claimed_for_the_next_run() -> None:
    (decision,) = decided(wanted(), account(droplet(7, "lime", "team:web")), FORGOTTEN).hosts
    assert "team:web" not in decision.own_tags
    assert {OWNER, HOST_TAG, "project:shop"} <= set(decision.own_tags)


def test_names_of_keys_and_networks_become_ids() -> None:
    settings = replace(QUIET, droplet=Droplet(ssh_keys=("ops",), vpc="office"))
    live = account(ssh_keys={"ops": 7}, vpcs={"office": "vpc-1"})
    (decision,) = decided(wanted(settings), live, State()).hosts
    assert (decision.ssh_key_ids, decision.vpc_id) == (("7",), "vpc-1")
    assert codes(wanted(settings), account(), State()) == ["IA903", "IA903"]


OLD = LiveDroplet(
    id=42,
    name="old-lime",
    status="active",
    region="ams3",
    size="s-2vcpu-4gb",
    tags=("legacy",),
    addresses=("203.0.113.42",),
    image="debian-12-x64",
    features=frozenset({"backups", "ipv6"}),
    vpc="vpc-old",
    memory=4096,
    vcpus=2,
    disk=80,
)


def test_an_adopted_droplet_stays_as_it_is_and_gets_our_tags() -> None:
    (decision,) = decided(wanted(host_settings(adopt=42)), account(OLD), State()).hosts
    planned = decision.host.droplet
    assert (decision.import_id, decision.droplet_name, decision.ipv6) == ("42", "old-lime", True)
    assert (planned.region, planned.size, planned.image, planned.backups) == (
        "ams3",
        "s-2vcpu-4gb",
        "debian-12-x64",
        True,
    )
    assert {"legacy", OWNER} <= set(planned.tags)


@pytest.mark.parametrize(
    "entry",
    [
        {"size": "s-4vcpu-8gb"},
        {"region": "nyc3"},
        {"image": "ubuntu-24-04-x64"},
        {"backups": False},
        {"vpc": "office"},
    ],
)
def test_what_an_adopted_hosts_entry_says_otherwise_is_an_error_at_first(
    entry: dict[str, Any],
) -> None:
    settings = host_settings(adopt=42, **entry)
    live = account(OLD, vpcs={"office": "vpc-1"})
    assert codes(wanted(settings), live, State())[-1] == "IA918"


def test_what_an_adopted_hosts_entry_says_otherwise_is_a_change_later() -> None:
    settings = host_settings(adopt=42, size="s-4vcpu-8gb", backups=False)
    live = account(replace(OLD, region="nyc3"))
    remembered = state(host_state(42)[:2])
    (decision,) = decided(wanted(settings), live, remembered).hosts
    planned = decision.host.droplet
    assert (planned.size, planned.backups) == ("s-4vcpu-8gb", False)
    moved = host_settings(adopt=42, region="nyc3")
    assert codes(wanted(moved), account(OLD), remembered) == ["IA915"]


def test_the_network_of_a_host_that_another_stack_owns_is_known_from_its_droplet() -> None:
    looked_up = wanted(host_settings(lookup=True))
    theirs = replace(droplet(7, tags=(HOST_TAG.upper(),)), vpc="vpc-1")
    assert find_looked_up_vpcs(looked_up, Account(droplets=(theirs,))) == {"lime": "vpc-1"}
    assert find_looked_up_vpcs(looked_up, Account(droplets=(theirs, replace(theirs, id=8)))) == {}
    assert find_looked_up_vpcs(looked_up, Account(droplets=(STRANGER,))) == {}
