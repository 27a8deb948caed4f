"""What is proposed to be taken over, and what never is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from infra_apply.adoption.model import HostProposal, Proposals
from infra_apply.adoption.propose import propose
from infra_apply.digitalocean.model import Account, Cluster, LiveDroplet
from infra_apply.inputs.manifest import Database
from infra_apply.inputs.settings import ClusterSettings, HostSettings, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import (
    DATABASE,
    DROPLET,
    HOST,
    LOGICAL_DATABASE,
    USER,
    State,
    parse_state,
)
from tests.adoption.droplets import droplet
from tests.companies import SETTINGS, database, plan, service

OURS = "infra-apply:acme:prod"
ADDRESSES_OF = {"lime": "203.0.113.11", "basil": "2001:db8::12"}


CLUSTERS = {
    name: Cluster(f"id-of-{name}", name, "pg", "db.example", 25060, ssl=True)
    for name in ("shared-pg", "own-pg")
}


def at(planned: Plan, addresses: Mapping[str, str]) -> Plan:
    """The plan with the mesh's addresses of its hosts."""
    hosts = (replace(host, address=addresses.get(host.name)) for host in planned.hosts)
    return replace(planned, hosts=tuple(hosts))


def proposals(
    *droplets: LiveDroplet,
    settings: Settings = SETTINGS,
    hosts: tuple[str, ...] = ("lime",),
    state: State | None = None,
) -> Proposals:
    services = (service(f"on-{host}", host, 8000 + n) for n, host in enumerate(hosts))
    planned = at(plan(*services, settings=settings), ADDRESSES_OF)
    return propose(planned, Account(droplets=droplets), state or State())


def ids(proposed: Proposals) -> Mapping[str, int]:
    return {proposal.host: proposal.droplet for proposal in proposed.hosts}


def why_not(proposed: Proposals) -> str:
    assert proposed.hosts == ()
    return "\n".join(problem.reason for problem in proposed.not_proposed)


def test_a_host_is_recognised_by_its_name() -> None:
    proposed = proposals(droplet(7, "lime", "198.51.100.7"), droplet(8, "limes"))
    assert proposed.hosts == (HostProposal("lime", 7, "droplet 7 is called `lime`"),)
    assert proposed.not_proposed == ()


def test_a_name_is_recognised_in_any_case() -> None:
    assert ids(proposals(droplet(7, "Lime"))) == {"lime": 7}


@pytest.mark.parametrize(
    ("host", "address"),
    [("lime", "203.0.113.11"), ("basil", "2001:db8::12")],
)
def test_a_host_is_recognised_by_its_address_in_the_mesh(host: str, address: str) -> None:
    proposed = proposals(droplet(7, "web-1", "10.0.0.3", address), hosts=(host,))
    assert ids(proposed) == {host: 7}
    assert "called `web-1`, has its address in the mesh" in proposed.hosts[0].reason


def test_a_mesh_that_knows_no_address_recognises_nothing_by_it() -> None:
    account = Account(droplets=(droplet(7, "x"),))
    assert propose(at(plan(service("shop")), {}), account, State()) == Proposals()


def test_two_droplets_that_could_be_one_host_are_named_and_not_proposed() -> None:
    by_name, by_address = droplet(7, "lime"), droplet(8, "old", "203.0.113.11")
    proposed = proposals(by_name, by_address)
    assert why_not(proposed) == "`lime` could be any of 2 droplets"
    assert proposed.not_proposed[0].droplets == (by_name, by_address)
    assert "`lime: {adopt: ID}`" in proposed.not_proposed[0].next_step


def test_a_droplet_that_could_be_two_hosts_is_proposed_for_neither() -> None:
    proposed = proposals(droplet(7, "basil", "203.0.113.11"), hosts=("lime", "basil"))
    assert why_not(proposed) == (
        "droplet 7 could be `basil` and `lime`\ndroplet 7 could be `lime` and `basil`"
    )


@pytest.mark.parametrize(
    "tag", ["infra-apply:acme:dev", "infra-apply:other:prod", "Infra-Apply:x:y"]
)
def test_a_droplet_of_another_stack_is_said_and_not_proposed(tag: str) -> None:
    proposed = proposals(droplet(7, "lime", tags=("web", tag)))
    assert f"another stack owns it (tag `{tag}`)" in why_not(proposed)
    assert ids(proposals(droplet(7, "lime", tags=(tag,)), droplet(8, "lime"))) == {"lime": 8}


@pytest.mark.parametrize("tag", [OURS, OURS.upper()])
def test_a_droplet_that_is_ours_already_is_not_proposed_nor_is_another_for_its_host(
    tag: str,
) -> None:
    assert proposals(droplet(7, "lime", tags=(tag,)), droplet(8, "lime")) == Proposals()


def test_our_droplet_of_another_host_is_not_proposed() -> None:
    assert proposals(droplet(7, "basil", "203.0.113.11", tags=(OURS,))) == Proposals()


def test_a_slot_of_a_gpu_pool_is_no_host() -> None:
    assert proposals(droplet(7, "lime", tags=("infra-apply-slot:shop:a1b2c3",))) == Proposals()


def test_a_host_that_adopts_or_is_to_be_created_gets_no_proposal() -> None:
    for entry in (HostSettings(adopt=9), HostSettings(create=True)):
        settings = replace(SETTINGS, hosts={"lime": entry})
        assert proposals(droplet(7, "lime"), settings=settings) == Proposals()


def test_a_droplet_that_another_host_adopts_is_not_proposed() -> None:
    settings = replace(SETTINGS, hosts={"basil": HostSettings(adopt=7)})
    proposed = proposals(droplet(7, "lime"), settings=settings, hosts=("lime", "basil"))
    assert why_not(proposed) == "droplet 7 looks like `lime`, and `basil` adopts it"


def test_droplets_with_a_gpu_are_looked_at_too() -> None:
    with_gpu = droplet(7, "lime", size="gpu-h100x1-80gb")
    for droplets in ((), (with_gpu,)):
        account = Account(gpu_droplets=(with_gpu,), droplets=droplets)
        assert ids(propose(plan(service("shop")), account, State())) == {"lime": 7}


def test_databases_and_users_that_exist_are_proposed_by_cluster() -> None:
    planned = plan(
        service("shop", database=database("shop")),
        service("wiki", port=8081, database=database("wiki")),
        service("till", port=8082, database=database("till", "own-pg")),
        service("game", port=8083, database=database("game")),
    )
    account = Account(
        clusters=CLUSTERS,
        databases={"shared-pg": frozenset({"shop", "wiki", "defaultdb"})},
        users={"shared-pg": frozenset({"shop", "doadmin"}), "own-pg": frozenset({"till"})},
    )
    proposed = propose(planned, account, State())
    assert proposed.names_by_cluster() == {"own-pg": ["till"], "shared-pg": ["shop", "wiki"]}
    assert [proposal.reason for proposal in proposed.members] == [
        "it exists already as the user of till",
        "it exists already as the database of shop and the user of shop",
        "it exists already as the database of wiki",
    ]


def resource(kind: str, name: str, parent: str, **facts: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::p::{kind}::{name}"
    return {"urn": urn, "type": kind, "parent": f"urn:pulumi:prod::p::{parent}", **facts}


ON_SHARED = {"clusterId": "id-of-shared-pg"}
STATE = parse_state({
    "deployment": {
        "resources": [
            resource(HOST, "lime", "pulumi:pulumi:Stack::p"),
            resource(DROPLET, "lime", f"{HOST}::lime", id="7"),
            resource(DATABASE, "shop", "pulumi:pulumi:Stack::p"),
            resource(
                LOGICAL_DATABASE, "shop", f"{DATABASE}::shop", inputs={**ON_SHARED, "name": "shop"}
            ),
            resource(DATABASE, "wiki", "pulumi:pulumi:Stack::p"),
            resource(USER, "wiki", f"{DATABASE}::wiki", inputs={**ON_SHARED, "name": "wiki"}),
        ]
    }
})  # fmt: skip


def test_a_database_or_user_of_the_state_is_not_proposed_on_its_own_cluster() -> None:
    planned = plan(
        service("shop", database=database("shop")),
        service("wiki", port=8081, database=database("wiki")),
        service("till", port=8082, database=Database("own-pg", "shop", "wiki")),
    )
    names = frozenset({"shop", "wiki"})
    live = dict.fromkeys(CLUSTERS, names)
    account = Account(clusters=CLUSTERS, databases=live, users=live)
    proposed = propose(planned, account, STATE)
    assert [(member.cluster, member.reason) for member in proposed.members] == [
        ("own-pg", "it exists already as the database of till"),
        ("own-pg", "it exists already as the user of till"),
        ("shared-pg", "it exists already as the user of shop"),
        ("shared-pg", "it exists already as the database of wiki"),
    ]


def test_a_droplet_of_the_state_is_this_stacks_whatever_its_tags() -> None:
    assert proposals(droplet(7, "renamed"), droplet(8, "lime"), state=STATE) == Proposals()
    of_lime = proposals(droplet(7, "basil"), hosts=("basil",), state=STATE)
    assert why_not(of_lime) == "droplet 7 looks like `basil`, and is `lime` of this stack"
    assert ids(proposals(droplet(8, "lime"), state=STATE)) == {"lime": 8}, "7 is gone"


HOSTS = ("basil", "dill", "lime", "thyme")
ADDRESSES = tuple(f"203.0.113.{number}" for number in range(5))
TAGS = (OURS, "infra-apply:acme:dev", "infra-apply:other:prod", "infra-apply-host:acme:lime", "web")
MEMBERS = frozenset({"shop", "wiki", "till"})


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    droplets = [
        droplet(
            number,
            draw(st.sampled_from((*HOSTS, "web"))),
            *draw(st.lists(st.sampled_from(ADDRESSES), max_size=2)),
            tags=tuple(draw(st.sets(st.sampled_from(TAGS), max_size=1))),
        )
        for number in range(1, draw(st.integers(0, 6)) + 1)
    ]
    names = st.frozensets(st.sampled_from(sorted(MEMBERS)))
    return Account(
        clusters=CLUSTERS,
        droplets=tuple(droplets),
        databases={"shared-pg": draw(names)},
        users={"shared-pg": draw(names)},
    )


MESHES = st.dictionaries(st.sampled_from(HOSTS), st.sampled_from(ADDRESSES))
ADOPTED = st.dictionaries(st.sampled_from(HOSTS), st.integers(1, 6), max_size=2).map(
    lambda hosts: {name: HostSettings(adopt=number) for name, number in hosts.items()}
)


def applied(settings: Settings, proposed: Proposals) -> Settings:
    hosts = {proposal.host: HostSettings(adopt=proposal.droplet) for proposal in proposed.hosts}
    clusters = {
        name: ClusterSettings(adopt=tuple(names))
        for name, names in proposed.names_by_cluster().items()
    }
    return replace(settings, hosts={**settings.hosts, **hosts}, clusters=clusters)


def plan_of(settings: Settings, mesh: Mapping[str, str]) -> Plan:
    services = (service(f"on-{host}", host, 8000 + n) for n, host in enumerate(HOSTS))
    members = (
        service(name, "lime", 9000 + n, database=database(name))
        for n, name in enumerate(sorted(MEMBERS))
    )
    return at(plan(*services, *members, settings=settings), mesh)


@hypothesis_settings(deadline=None)
@given(accounts(), MESHES, ADOPTED)
def test_no_droplet_is_proposed_twice_or_taken_from_its_owner(
    account: Account, mesh: Mapping[str, str], adopted: Mapping[str, HostSettings]
) -> None:
    settings = replace(SETTINGS, hosts=adopted)
    proposed = propose(plan_of(settings, mesh), account, State())
    taken_over = list(ids(proposed).values())
    taken = {entry.adopt for entry in adopted.values()}
    assert len(taken_over) == len(set(taken_over))
    assert not taken & set(taken_over)
    owned = {
        live.id
        for live in account.droplets
        if any(tag.startswith("infra-apply:") for tag in live.tags)
    }
    assert not owned & set(taken_over)


@hypothesis_settings(deadline=None)
@given(accounts(), MESHES, ADOPTED)
def test_what_was_proposed_and_applied_is_not_proposed_again(
    account: Account, mesh: Mapping[str, str], adopted: Mapping[str, HostSettings]
) -> None:
    settings = replace(SETTINGS, hosts=adopted)
    proposed = propose(plan_of(settings, mesh), account, State())
    again = propose(plan_of(applied(settings, proposed), mesh), account, State())
    assert (again.hosts, again.members) == ((), ())
