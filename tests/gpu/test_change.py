"""Whatever happens to a pool, only the difference is touched."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.errors import Refusal
from infra_apply.gpu.change import Change, plan_growth, plan_shrink
from infra_apply.gpu.placement import Placement
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.selection import choose_ending
from infra_apply.gpu.slot import new_ids
from infra_apply.gpu.slot_spec import new_slot
from infra_apply.plan.model import PoolPlan
from infra_apply.render.slots import render_slots
from tests.gpu.droplets import NOW, OWNER, pool, slot
from tests.render.graph import Graph, graph

PLAN = PoolPlan(
    project="train",
    environment="prod",
    droplet="batch",
    sizes=("gpu-h100x1-80gb",),
    regions=("nyc2",),
    max_slots=9,
    max_hours=1,
    ssh_keys=("ops",),
    user_data="#!/bin/sh\n",
    tags=(OWNER, "infra-apply-pool:acme:train"),
)
PLACEMENT = Placement("gpu-h100x1-80gb", "nyc2", 3.39)


def grow(held: Pool, missing: int) -> Change:
    ids = new_ids(missing, held.ids)
    specs = [new_slot("acme", PLAN, slot_id, PLACEMENT, {"ops": 7}, NOW) for slot_id in ids]
    return plan_growth(held, specs)


def registered(change: Change) -> Graph:
    return graph(lambda: render_slots(change.slots()))


def test_a_slot_is_deletable_private_and_never_changed_once_it_is_there() -> None:
    droplet = registered(grow(pool(), 1)).of("Droplet")[0]
    assert (droplet.protect, droplet.retain_on_delete) == (False, False)
    assert droplet.inputs["userData"] == ("secret", "#!/bin/sh\n")
    assert {*droplet.inputs} <= {*droplet.ignore_changes}
    assert droplet.inputs["name"] == f"train-gpu-{droplet.name}"
    assert f"infra-apply-slot:acme:train:{droplet.name}" in droplet.inputs["tags"]
    assert f"infra-apply-deadline:{int(NOW) + 3600}" in droplet.inputs["tags"]


@dataclass(frozen=True)
class World:
    """What a pool's stack and the account hold: any mix that crashes can leave."""

    droplets: tuple[LiveDroplet, ...]
    state: dict[str, int]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    names = draw(st.lists(st.sampled_from([f"{c}aaaaa" for c in "abcdefgh"]), unique=True))
    droplets, state, number = [], {}, 1
    for name in names:
        copies = draw(st.integers(0, 2))
        for _ in range(copies):
            lease = draw(st.sampled_from([None, NOW - 1, NOW - 10**6]))
            droplets.append(slot(number, name, lease=lease, deadline=NOW + number))
            number += 1
        if draw(st.booleans()):
            own = [number - 1 - copy for copy in range(copies)]
            state[name] = draw(st.sampled_from([*own, 999])) if own else 999
    return World(tuple(draw(st.permutations(droplets))), state)


def settled(world: World) -> World:
    """What a refresh leaves: the state forgets what the account has not."""
    ids = {droplet.id for droplet in world.droplets}
    state = {name: number for name, number in world.state.items() if number in ids}
    return World(world.droplets, state)


def applied(world: World, change: Change) -> World:
    """What the engine and the destroyer do with a change."""
    declared = {spec.id: spec for spec in change.slots()}
    ended = {slot.droplet.id for slot in change.remove_by_api}
    ended |= {number for name, number in world.state.items() if name not in declared}
    state = {name: number for name, number in world.state.items() if name in declared}
    state |= {spec.id: spec.import_id for spec in declared.values() if spec.import_id}
    created = []
    for number, name in enumerate(sorted({*declared} - {*state}), 1000):
        created.append(slot(number, name))
        state[name] = number
    left = tuple(droplet for droplet in world.droplets if droplet.id not in ended)
    return World((*left, *created), state)


@given(worlds(), st.integers(0, 9), st.booleans())
def test_any_number_of_slots_touches_only_the_difference(
    world: World, count: int, force: bool
) -> None:
    world = settled(world)
    held = pool(*world.droplets, state=world.state)
    try:
        ending = choose_ending(held, count, (), NOW, force=force)
    except Refusal:
        assert not force
        return
    missing = count - len(held.slots)
    change = grow(held, missing) if missing > 0 else plan_shrink(held, ending)
    after = applied(world, change)
    then = pool(*after.droplets, state=after.state)
    assert len(then.slots) == count and not then.extras and not then.orphans and not then.gone
    staying = {slot.id: slot.droplet for slot in held.slots if slot.id not in ending}
    assert staying.items() <= {slot.id: slot.droplet for slot in then.slots}.items()
    assert len(held.slots) - len(staying) == max(0, -missing)
    for spec in change.slots():  # an import never meets another id in the state
        assert spec.import_id is None or spec.id not in world.state
    again = grow(then, 0) if missing > 0 else plan_shrink(then, frozenset())
    assert again.is_empty


@settings(max_examples=20, deadline=None)
@given(worlds(), st.integers(0, 6))
def test_the_registrations_of_slots_that_stay_differ_in_nothing_the_engine_looks_at(
    world: World, count: int
) -> None:
    held = pool(*world.droplets, state=settled(world).state)
    before = registered(plan_shrink(held, frozenset()))
    ending = choose_ending(held, count, (), NOW, force=True)
    missing = count - len(held.slots)
    change = grow(held, missing) if missing > 0 else plan_shrink(held, ending)
    after = {droplet.name: droplet for droplet in registered(change).of("Droplet")}
    stayed = [droplet for droplet in before.of("Droplet") if droplet.name in after]
    assert len(after) == count and len(stayed) == min(count, len(held.slots))
    for droplet in stayed:
        assert droplet == after[droplet.name]
        assert {*droplet.inputs} <= {*droplet.ignore_changes}
