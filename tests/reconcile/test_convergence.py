"""Whatever fleet, and whatever answers are lost: each thing ends up there once, and remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import Account
from infra_apply.inputs.manifest import Manifest, Service
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.firewalls import planned_firewalls
from tests.companies import database, gpu, plan
from tests.reconcile.engine_model import World
from tests.reconcile.worlds import QUIET, cluster

BASIS: Final = Account(clusters={name: cluster(name) for name in ("shared-pg", "shared-mysql")})
PROJECTS: Final = ("ant", "bee", "cat", "dog", "elk", "fox")


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Manifest, ...]:
    """A few projects on a few hosts, some with a database, a pool and dependencies."""
    names = draw(st.lists(st.sampled_from(PROJECTS), min_size=1, unique=True))
    drawn = []
    for number, name in enumerate(names):
        host = draw(st.sampled_from(["lime", "basil", None]))
        others = [other for other in names if other != name]
        drawn.append(
            Manifest(
                name,
                "prod",
                draw(st.sampled_from(["digitalocean", "mac"])),
                service=Service(host=host, port=8000 + number),
                database=draw(
                    st.none()
                    | st.sampled_from(["shared-pg", "shared-mysql"]).map(
                        lambda on, name=name: database(name, on)  # type: ignore[misc]
                    )
                ),
                gpu=draw(st.none() | st.just(gpu())),
                depends_on=tuple(
                    draw(st.lists(st.sampled_from(others), unique=True)) if others else ()
                ),
            )
        )
    return tuple(drawn)


@given(manifests(), st.data())
def test_lost_answers_make_nothing_twice_and_are_taken_up(
    fleet: tuple[Manifest, ...], data: st.DataObject
) -> None:
    wanted = plan(*fleet, settings=QUIET)
    world = World()
    for _ in range(data.draw(st.integers(0, 4))):
        decisions, problems = reconcile(wanted, world.account(BASIS), world.state())
        assert decisions is not None, problems
        world.apply(decisions, lambda _: data.draw(st.booleans()))
    for _ in range(2):
        decisions, problems = reconcile(wanted, world.account(BASIS), world.state())
        assert decisions is not None, problems
        before = world.created
        assert world.apply(decisions)
    assert world.created == before
    assert Counter(droplet.name for droplet in world.droplets) == Counter(
        host.name for host in wanted.hosts
    )
    assert sorted(firewall.name for firewall in world.firewalls) == sorted(
        planned.firewall.name for planned in planned_firewalls(wanted)
    )
    assert world.databases == {(held.cluster, held.name) for held in wanted.databases}
    decisions, problems = reconcile(wanted, world.account(BASIS), world.state())
    assert problems == ()
    assert decisions is not None
    assert not decisions.may_exist
    remembered = {held.id for held in world.resources.values()}
    assert set(decisions.import_firewalls.values()) <= remembered
    assert {decision.import_id for decision in decisions.hosts} <= remembered


@given(st.data())
def test_in_no_history_of_a_fleet_goes_what_was_not_retired(data: st.DataObject) -> None:
    """A fleet loses projects and hosts, and some of what it lost is retired, for several runs."""
    world = World()
    fleet = data.draw(manifests())
    for _ in range(data.draw(st.integers(1, 4))):
        gone_projects = data.draw(st.lists(st.sampled_from(PROJECTS), max_size=2, unique=True))
        fleet = tuple(_without(gone_projects, manifest) for manifest in fleet)
        fleet = tuple(manifest for manifest in fleet if manifest.project not in gone_projects)
        names = {*PROJECTS, "lime", "basil"} - {manifest.project for manifest in fleet}
        names -= {str(manifest.service.host) for manifest in fleet if manifest.service}
        retired = {
            name: data.draw(st.sampled_from(["keep", "destroy"]))
            for name in sorted(names)
            if data.draw(st.integers(0, 4))
        }
        for _ in range(3):
            _apply_and_check(world, fleet, retired, data)


def _without(projects: Collection[str], manifest: Manifest) -> Manifest:
    kept = tuple(name for name in manifest.depends_on if name not in projects)
    return replace(manifest, depends_on=kept)


def _apply_and_check(
    world: World, fleet: tuple[Manifest, ...], retired: Mapping[str, str], data: st.DataObject
) -> None:
    settings = replace(QUIET, retired=retired)  # type: ignore[arg-type]
    decisions, _ = reconcile(plan(*fleet, settings=settings), world.account(BASIS), world.state())
    if decisions is None:
        return
    before, gone = world.account(BASIS), len(world.deleted)
    world.apply(decisions, lambda _: not data.draw(st.integers(0, 5)))
    after = world.account(BASIS)
    assert set(world.deleted[gone:]) <= {
        name for name, fate in retired.items() if fate == "destroy"
    }
    kept = {live.id for live in before.droplets if live.name not in retired}
    assert kept <= {live.id for live in after.droplets}
    assert len({live.name for live in after.droplets}) == len(after.droplets)


EIGHT: Final = (
    Manifest(
        "ant",
        "prod",
        "digitalocean",
        service=Service(host="lime", port=8001),
        database=database("ant"),
    ),
    Manifest(
        "bee", "prod", "digitalocean", service=Service(host="lime", port=8002), depends_on=("ant",)
    ),
    Manifest(
        "cat",
        "prod",
        "digitalocean",
        service=Service(host="basil", port=8003),
        database=database("cat"),
    ),
    Manifest("dog", "prod", "mac", service=Service(host="fennel", port=8004), depends_on=("cat",)),
    Manifest("elk", "prod", "digitalocean", service=Service(host=None, port=8005), gpu=gpu()),
    Manifest(
        "fox",
        "prod",
        "mac",
        service=Service(host="fennel", port=8006),
        database=database("fox"),
        depends_on=("ant",),
    ),
    Manifest("gnu", "prod", "mac", gpu=gpu(), depends_on=("cat",)),
    Manifest("hen", "dev", "mac", service=Service(host="fennel", port=8008), depends_on=("elk",)),
)


def test_no_subset_of_a_fleet_deletes_replaces_closes_or_forgets_anything() -> None:
    world = World()
    whole = plan(*EIGHT, settings=QUIET)
    decisions, _ = reconcile(whole, world.account(BASIS), world.state())
    assert decisions is not None
    assert world.apply(decisions)
    subsets = [subset for size in range(9) for subset in combinations(EIGHT, size)]
    assert len(subsets) == 256
    for subset in subsets:
        kept = {manifest.project for manifest in subset}
        partial = plan(*subset, settings=QUIET)
        decisions, problems = reconcile(partial, world.account(BASIS), world.state())
        missing = {manifest.project for manifest in EIGHT} - kept
        assert (decisions is None) == bool(missing), (missing, problems)
