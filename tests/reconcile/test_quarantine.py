"""Whatever a fleet has of a quarantined project stays exactly as the state has it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest, Service
from infra_apply.inputs.settings import Network, Settings
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.state import DATABASE, DROPLET, FIREWALL, HOST, TAG, State
from tests.companies import MESH, database, gpu, service
from tests.reconcile.rendered_world import RenderedWorld
from tests.reconcile.test_convergence import PROJECTS, manifests
from tests.reconcile.worlds import QUIET

OPEN = replace(
    QUIET,
    network=Network(
        ssh=("198.51.100.0/24",), mesh=("udp/51820", "tcp/443"), public={"ant": (8000,)}
    ),
)


CLOSED = replace(OPEN, network=Network(ssh=("203.0.113.0/24",)))


def plan(*fleet: Manifest, quarantined: tuple[str, ...] = (), stack: Settings = OPEN) -> Plan:
    """The plan of a fleet, without the manifests of what is quarantined."""
    read = tuple(manifest for manifest in fleet if manifest.project not in quarantined)
    read = tuple(sorted(read, key=lambda manifest: manifest.instance))
    names = frozenset(quarantined)
    return build(Fleet(read, MESH, stack, (stack,), unread=names, quarantined=names), stack)


def rules(world: RenderedWorld) -> dict[str, set[tuple[str, str, str]]]:
    """What each firewall admits: protocol, port and source, by the firewall's name."""
    return {
        held.inputs["name"]: {
            (rule["protocol"], rule["portRange"], source)
            for rule in held.inputs.get("inboundRules", ())
            for source in (*rule.get("sourceTags", ()), *rule.get("sourceAddresses", ()))
        }
        for held in world.of(FIREWALL)
    }


@settings(max_examples=15, deadline=None)
@given(manifests(), st.data())
def test_nothing_changes_when_any_projects_are_quarantined(
    fleet: tuple[Manifest, ...], data: st.DataObject
) -> None:
    """Dev instances on prod's hosts among them."""
    twins = data.draw(st.sets(st.sampled_from([manifest.project for manifest in fleet])))
    fleet += tuple(_dev_twin(manifest) for manifest in fleet if manifest.project in twins)
    world = RenderedWorld()
    world.apply(plan(*fleet))
    before, outputs = dict(world.resources), world.outputs
    names = data.draw(st.sets(st.sampled_from([manifest.project for manifest in fleet])))
    quarantined = tuple(names)
    for _ in range(2):
        problems = world.apply(plan(*fleet, quarantined=quarantined))
        assert problems == ()
        assert world.resources == before
        assert world.outputs == outputs
    world.apply(plan(*fleet))
    assert world.resources == before
    assert world.outputs == outputs


def _dev_twin(manifest: Manifest) -> Manifest:
    own = manifest.service or Service()
    moved = replace(own, port=(own.port or 0) + 400, host=own.host or f"{manifest.project}-dev")
    return replace(manifest, environment="dev", service=moved)


@settings(max_examples=15, deadline=None)
@given(manifests(), st.data())
def test_whatever_others_change_nothing_of_a_quarantined_project_goes_and_nothing_opens_on_it(
    fleet: tuple[Manifest, ...], data: st.DataObject
) -> None:
    world = RenderedWorld()
    world.apply(plan(*fleet))
    before, admitted, outputs = dict(world.resources), rules(world), world.outputs
    name = data.draw(st.sampled_from([manifest.project for manifest in fleet]))
    changed = tuple(
        _changed(manifest, data.draw(st.sampled_from(["no", "port", "callers"])))
        for manifest in fleet
    )
    new = data.draw(st.sampled_from(PROJECTS))
    if new not in {manifest.project for manifest in fleet}:
        changed += (service(new, port=8500, depends_on=(name,)),)
    others = tuple(manifest for manifest in changed if manifest.project != name)
    world.apply(
        plan(*changed, quarantined=(name,), stack=data.draw(st.sampled_from([OPEN, CLOSED])))
    )
    for urn, held in before.items():
        if held.name == name and held.type != DROPLET and held.parent not in _hosts(world):
            assert world.resources[urn] == held
    named = {source for sources in rules(world).values() for _, _, source in sources}
    tags = {held.name for held in world.of(TAG)}
    assert {source for source in named if source.startswith("infra-apply")} <= tags
    if name in outputs["instances"]:
        assert world.outputs["instances"][name] == outputs["instances"][name]
    (quarantined,) = (manifest for manifest in fleet if manifest.project == name)
    for firewall, sources in _own_rules(quarantined, fleet, admitted).items():
        assert sources <= rules(world)[firewall]
    ports = {str(other.service.port) for other in others if other.service}
    for firewall, sources in rules(world).items():
        opened = sources - admitted.get(firewall, set())
        assert {port for protocol, port, _ in opened if protocol == "tcp"} <= ports | {"22", "443"}
    for host in world.of(HOST):
        former = before.get(host.urn)
        if former and name in former.inputs["services"]:
            assert host.inputs["services"][name] == former.inputs["services"][name]
            assert f"project:{name}" in host.inputs["tags"]


def _changed(manifest: Manifest, change: str) -> Manifest:
    own = manifest.service
    if change == "port" and own is not None and own.port is not None:
        return replace(manifest, service=replace(own, port=own.port + 200))
    if change == "callers":
        return replace(manifest, depends_on=())
    return manifest


def _hosts(world: RenderedWorld) -> set[str]:
    return {held.urn for held in world.of(HOST)}


def _own_rules(
    quarantined: Manifest,
    fleet: tuple[Manifest, ...],
    admitted: dict[str, set[tuple[str, str, str]]],
) -> dict[str, set[tuple[str, str, str]]]:
    """What admits callers to a project, and the project to others, by firewall."""
    kept: dict[str, set[tuple[str, str, str]]] = {}
    for manifest in fleet:
        own = manifest.service
        if own is None or manifest.provider != "digitalocean":
            continue
        firewall = f"acme-{own.host or manifest.project}"
        rules_of_port = {rule for rule in admitted.get(firewall, ()) if rule[1] == str(own.port)}
        if manifest is quarantined:
            kept.setdefault(firewall, set()).update(rules_of_port)
        elif quarantined.project in manifest.depends_on:
            continue
        elif manifest.project in quarantined.depends_on:
            host = quarantined.service.host if quarantined.service else None
            tags = {
                f"infra-apply-pool:acme:{quarantined.project}",
                f"infra-apply-host:acme:{host or quarantined.project}",
            }
            kept.setdefault(firewall, set()).update(
                rule for rule in rules_of_port if rule[2] in tags
            )
    return kept


SHOP = service("shop", "lime", 8080, database=database("shop"), gpu=gpu(), depends_on=("wiki",))
WIKI = service("wiki", "basil", 8088, depends_on=("shop",))
MAIL = service("mail", "lime", 8025)


def applied(*fleet: Manifest) -> RenderedWorld:
    world = RenderedWorld()
    world.apply(plan(*fleet))
    return world


def messages(world: RenderedWorld, planned: Plan, state: State | None = None) -> list[str]:
    found = reconcile(planned, world.account(), state or world.state())[1]
    return [f"{problem.code.id} {problem.message}" for problem in found]


def test_a_new_port_of_a_neighbour_leaves_the_quarantined_rules_and_opens_none() -> None:
    world = applied(SHOP, WIKI, MAIL)
    before = rules(world)
    moved = replace(MAIL, service=Service("lime", port=8026))
    world.apply(plan(moved, replace(WIKI, depends_on=("shop", "mail")), quarantined=("shop",)))
    assert before["acme-lime"] <= rules(world)["acme-lime"]
    opened = {("tcp", "8026", "infra-apply-host:acme:basil")}
    assert rules(world)["acme-lime"] - before["acme-lime"] == opened
    assert rules(world)["acme-basil"] == before["acme-basil"]


def test_a_new_dependent_is_not_let_in_to_what_is_quarantined() -> None:
    world = applied(SHOP, WIKI)
    before = rules(world)
    portal = service("portal", "basil", 8000, depends_on=("shop",))
    mac = Manifest("mac", "prod", "mac", gpu=gpu(), depends_on=("shop",))
    world.apply(plan(portal, mac, WIKI, quarantined=("shop",)))
    assert rules(world)["acme-lime"] == before["acme-lime"]


def test_nobody_takes_the_port_of_a_quarantined_service() -> None:
    world = applied(SHOP, WIKI)
    evil = service("evil", "lime", 8080)
    (problem,) = messages(world, plan(evil, WIKI, quarantined=("shop",)))
    assert problem == "IA928 port 8080 on `lime` is `shop`'s, which is quarantined"


SHOP_DEV = replace(SHOP, environment="dev", service=Service("lime", port=9080), gpu=None)
WIKI_DEV = replace(WIKI, environment="dev", service=Service("lime", port=9088))


def test_a_dev_instance_on_a_host_of_prods_stays_too() -> None:
    world = applied(SHOP, SHOP_DEV, WIKI, WIKI_DEV, MAIL)
    before, admitted = dict(world.resources), rules(world)
    assert ("tcp", "9080", "infra-apply-host:acme:lime") in admitted["acme-lime"]
    everybody = (SHOP, SHOP_DEV, WIKI, WIKI_DEV, MAIL)
    for names in (("shop",), ("shop", "wiki")):
        world.apply(plan(*everybody, quarantined=names))
        assert world.resources == before


def test_a_port_that_may_be_a_quarantined_services_is_not_taken() -> None:
    """The state of prod's stack does not have a dev instance's port; the mesh's map may."""
    world = applied(SHOP_DEV, WIKI_DEV, MAIL)
    evil = service("evil", "lime", 9080)
    planned = plan(WIKI_DEV, MAIL, evil, quarantined=("shop",))
    (problem,) = messages(world, planned)
    assert problem == "IA928 port 9080 on `lime` may be `shop-dev`'s, which is quarantined"
    known = replace(planned, quarantined_ports={"shop-dev": 9080})
    (problem,) = messages(world, known)
    assert problem == "IA928 port 9080 on `lime` is `shop-dev`'s, which is quarantined"
    elsewhere = replace(planned, quarantined_ports={"shop-dev": 9081})
    assert messages(world, elsewhere) == []
    moved = replace(MAIL, service=Service("lime", port=9080))
    (problem,) = messages(world, plan(WIKI_DEV, moved, quarantined=("shop",)))
    assert "may be `shop-dev`'s" in problem


def test_nobody_takes_over_the_database_of_a_quarantined_project() -> None:
    world = applied(SHOP, WIKI)
    evil = service("evil", "basil", 8089, database=database("shop"))
    planned = plan(evil, WIKI, quarantined=("shop",))
    adopting = replace(
        planned,
        databases=tuple(
            replace(held, adopt_database=True, adopt_user=True) for held in planned.databases
        ),
    )
    problems = messages(world, adopting)
    assert "IA928 the database `shop` on `shared-pg` is a quarantined project's" in problems
    assert "IA928 the user `shop` on `shared-pg` is a quarantined project's" in problems


def test_a_host_that_carries_what_is_quarantined_cannot_be_retired() -> None:
    world = applied(SHOP, WIKI)
    planned = replace(plan(WIKI, quarantined=("shop",)), retired={"lime": "destroy"})
    (problem,) = messages(world, planned)
    assert problem.startswith("IA920 `lime` (host) is retired, and is or carries")


def test_a_state_that_does_not_say_what_a_host_carries_is_refused() -> None:
    world = applied(SHOP, WIKI)
    silent = State(
        tuple(
            replace(held, inputs={}) if held.type == HOST else held
            for held in world.state().resources
        )
    )
    problems = messages(world, plan(WIKI, quarantined=("shop",)), silent)
    words = "IA928 the state of the host `lime` does not say what it carries, so"
    assert any(problem.startswith(words) for problem in problems)


@pytest.mark.parametrize("kind", [DROPLET, FIREWALL])
def test_what_is_gone_from_the_account_is_named_and_not_made_anew(kind: str) -> None:
    world = applied(SHOP, WIKI)
    state = world.state()
    account = world.account()
    gone = state.child(HOST, "lime", kind)
    assert gone is not None
    account = replace(
        account,
        droplets=tuple(live for live in account.droplets if str(live.id) != gone.id),
        firewalls=tuple(live for live in account.firewalls if live.id != gone.id),
    )
    decisions, problems = reconcile(plan(WIKI, quarantined=("shop",)), account, state)
    assert decisions is not None
    assert [problem.code.id for problem in problems] == ["IA924"]
    assert gone not in [child for kept in decisions.quarantined for child in kept.children]


def test_the_world_is_let_in_by_the_settings_alone() -> None:
    """A source that may be a quarantined caller's stays; the whole internet is nobody's."""
    ant = service("ant", "lime", 8000)
    caller = Manifest("bee", "prod", "mac", service=Service("fennel"), depends_on=("ant",))
    world = applied(ant, caller)
    assert ("tcp", "8000", "0.0.0.0/0") in rules(world)["acme-lime"]
    world.apply(plan(ant, caller, quarantined=("bee",), stack=CLOSED))
    assert ("tcp", "8000", "0.0.0.0/0") not in rules(world)["acme-lime"]


def test_who_may_log_in_follows_the_settings_on_a_host_that_carries_what_is_quarantined() -> None:
    world = applied(SHOP, WIKI, MAIL)
    before = rules(world)["acme-lime"]
    world.apply(plan(SHOP, WIKI, MAIL, quarantined=("shop",), stack=CLOSED))
    assert before - rules(world)["acme-lime"] == {
        ("tcp", "22", "198.51.100.0/24"),
        ("udp", "51820", "0.0.0.0/0"),
        ("udp", "51820", "::/0"),
    }


def test_a_quarantine_is_not_the_end_of_what_others_lost() -> None:
    world = applied(SHOP, WIKI, replace(MAIL, database=database("mail")))
    (problem,) = messages(world, plan(WIKI, quarantined=("shop",)))
    assert problem.startswith("IA919 the database of `mail` is in the state")
    assert world.state().component(DATABASE, "shop") is not None
