"""Two companies on one account: whatever both are called, neither touches what the other has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.digitalocean.model import Account
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import HostSettings, Settings
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.state import LOGICAL_DATABASE, USER
from tests.companies import plan, service
from tests.reconcile.engine_model import World
from tests.reconcile.test_convergence import BASIS, PROJECTS, manifests
from tests.reconcile.worlds import QUIET, account, cluster, decided, droplet, state

FLEETS = ("acme", "beta")
MADE_ANYWAY = {name: HostSettings(create=True) for name in ("lime", "basil", *PROJECTS)}


def settings_of(fleet: str, **changes: object) -> Settings:
    return replace(QUIET, fleet=fleet, hosts=MADE_ANYWAY, **changes)  # type: ignore[arg-type]


def tags_of(decisions: Decisions) -> tuple[set[str], set[str]]:
    """The tags that firewalls attach to or admit, and those that droplets get."""
    firewalls = [host.host.firewall for host in decisions.hosts]
    firewalls += [pool.firewall for pool in decisions.pools]
    named = set()
    for firewall in firewalls:
        assert firewall is not None
        named |= {*firewall.tags, *(tag for rule in firewall.inbound for tag in rule.tags)}
    return named, {tag for host in decisions.hosts for tag in host.host.droplet.tags}


@given(manifests(), manifests())
def test_a_firewall_of_one_fleet_attaches_to_and_admits_nothing_of_the_other(
    first: tuple[Manifest, ...], second: tuple[Manifest, ...]
) -> None:
    named, borne = zip(
        *(
            tags_of(decided(plan(*fleet, settings=settings_of(name)), account_of(World()), state()))
            for name, fleet in zip(FLEETS, (first, second), strict=True)
        ),
        strict=True,
    )
    assert not named[0] & borne[1]
    assert not named[1] & borne[0]
    assert not named[0] & named[1]


def account_of(world: World) -> Account:
    return world.account(BASIS)


@settings(max_examples=60)
@given(st.data())
def test_in_interleaved_lives_neither_fleet_changes_or_ends_anything_of_the_other(
    data: st.DataObject,
) -> None:
    worlds = {fleet: World() for fleet in FLEETS}
    for _ in range(data.draw(st.integers(2, 8))):
        fleet = data.draw(st.sampled_from(FLEETS))
        world, other = worlds[fleet], worlds[FLEETS[fleet == FLEETS[0]]]
        projects = data.draw(manifests())
        retired = {
            name: data.draw(st.sampled_from(["keep", "destroy"]))
            for name in data.draw(st.lists(st.sampled_from([*PROJECTS, "lime", "basil"])))
        }
        wanted = plan(*projects, settings=settings_of(fleet, retired=retired))
        decisions, _ = reconcile(wanted, world.account(BASIS), world.state())
        if decisions is None:
            continue
        before = held(other)
        world.apply(decisions, lambda _: not data.draw(st.integers(0, 5)))
        share(world, other)
        assert held(other) == before


def held(world: World) -> Mapping[str, object]:
    """What the account has of a fleet's things, by their ids in its state."""
    ids = {resource.id for resource in world.resources.values() if resource.id}
    members = {
        (resource.type, str(resource.inputs["clusterId"]).removeprefix("id-of-"), resource.id)
        for resource in world.resources.values()
        if "clusterId" in resource.inputs and resource.id
    }
    return {
        "droplets": [live for live in world.droplets if str(live.id) in ids],
        "firewalls": [live for live in world.firewalls if live.id in ids],
        "databases": {held for held in world.databases if (LOGICAL_DATABASE, *held) in members},
        "users": {held for held in world.users if (USER, *held) in members},
    }


def share(world: World, other: World) -> None:
    """Let the other fleet see the account as this one left it."""
    other.droplets, other.firewalls = world.droplets, world.firewalls
    other.users, other.databases, other.next_id = world.users, world.databases, world.next_id


LIME = plan(service("shop"), settings=settings_of("beta"))


def test_a_host_of_the_same_name_gets_a_droplet_of_its_own_where_its_settings_say_create() -> None:
    decisions = decided(LIME, account(droplet()), state())
    (host,) = decisions.hosts
    assert host.import_id is None
    assert host.host.droplet.tags == (
        "env:prod",
        "infra-apply-host:beta:lime",
        "infra-apply:beta:prod",
        "project:shop",
    )


@pytest.mark.parametrize("created", [True, False])
def test_a_fleet_without_a_name_takes_nothing_over_and_makes_nothing(created: bool) -> None:
    hosts = MADE_ANYWAY if created else {}
    nameless = replace(QUIET, fleet="fleet", names_fleet=False, hosts=hosts)
    theirs = droplet(tags=("infra-apply:fleet:prod", "infra-apply-host:fleet:lime"))
    basis = account(theirs, clusters={"shared-pg": cluster()})
    decisions, problems = reconcile(plan(service("shop"), settings=nameless), basis, state())
    assert decisions is None
    assert "IA927" in [problem.code.id for problem in problems]
