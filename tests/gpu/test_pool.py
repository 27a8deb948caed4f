"""Whatever happens to a pool, only the difference is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.digitalocean.live import LiveDroplet
from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.change import Change, as_it_is, grown, shrunk, victims
from infra_apply.gpu.placement import Place
from infra_apply.gpu.pool import Pool, Remembered, survey
from infra_apply.gpu.recipe import Recipe
from infra_apply.render.slots import render_slots
from tests.gpu.droplets import NOW, OWNER, known, live, slot
from tests.render.graph import Graph, graph

RECIPE = Recipe(
    project="train",
    environment="prod",
    sizes=("gpu-h100x1-80gb",),
    regions=("nyc2",),
    image=None,
    ssh_key_ids=("7",),
    user_data="#!/bin/sh\n",
    tags=(OWNER, "infra-apply-pool:train"),
    max_slots=9,
    max_hours=1,
)
PLACE = Place("gpu-h100x1-80gb", "nyc2", 3.39)


def pool(*droplets: LiveDroplet, state: dict[str, int] | None = None) -> Pool:
    return survey("train", OWNER, droplets, Remembered(state or {}, exists=bool(state)))


def grow(held: Pool, missing: int, taken: tuple[str, ...] = ()) -> Change:
    return grown(held, missing, lambda one: RECIPE.slot(one, PLACE, NOW), taken=taken)


def ids(held: Pool) -> list[str]:
    return [one.id for one in held.slots]


def registered(change: Change) -> Graph:
    return graph(lambda: render_slots(change.slots()))


def test_a_slot_is_known_by_its_tag_or_by_the_id_that_the_state_has() -> None:
    untagged = live(3)
    held = pool(slot(1, "aaaaaa"), untagged, live(4), state={"bbbbbb": 3})
    assert ids(held) == ["aaaaaa", "bbbbbb"]
    assert [one.id for one in held.orphans] == ["aaaaaa"]
    assert held.droplets == {1, 3}


def test_a_droplet_keeps_the_id_that_the_state_has_whatever_its_tag_says_now() -> None:
    retagged = slot(1, "zzzzzz", owner="infra-apply:other:prod")
    held = pool(retagged, state={"aaaaaa": 1})
    assert ids(held) == ["aaaaaa"] and not held.orphans
    assert shrunk(held, frozenset()).empty


def test_another_owners_slot_of_the_same_name_is_none_of_ours() -> None:
    theirs = slot(1, owner="infra-apply:other:prod")
    assert ids(pool(theirs)) == []
    assert ids(survey("train", None, [theirs], Remembered())) == ["aaaaaa"]
    assert ids(pool(slot(1, owner=None))) == ["aaaaaa"]


def test_of_two_droplets_of_one_slot_the_state_s_stays_else_the_one_at_work_else_the_oldest() -> (
    None
):
    old, new = slot(1, made_at=NOW - 9), slot(2, made_at=NOW - 5)
    assert pool(new, old).slots == (known(old),)
    assert pool(old, replace(new, tags=(*new.tags, "infra-apply-lease:5"))).slots[0].droplet.id == 2
    held = pool(old, new, state={"aaaaaa": 2})
    assert held.slots[0].droplet.id == 2 and held.extras == (known(old),)


def test_what_the_state_has_and_the_account_lacks_is_named() -> None:
    assert pool(slot(1, "aaaaaa"), state={"aaaaaa": 1, "bbbbbb": 2}).gone == ("bbbbbb",)


def test_idle_slots_go_before_busy_ones_and_the_next_deadline_first() -> None:
    held = pool(
        slot(1, "aaaaaa", lease=NOW),
        slot(2, "bbbbbb", deadline=NOW + 50),
        slot(3, "cccccc", deadline=NOW + 40),
    )
    assert victims(held, 2, (), NOW, force=False) == {"cccccc"}
    assert victims(held, 1, (), NOW, force=False) == {"bbbbbb", "cccccc"}
    with pytest.raises(Refusal, match=r"at work: aaaaaa \(droplet 1\)"):
        victims(held, 0, (), NOW, force=False)
    assert victims(held, 0, (), NOW, force=True) == {"aaaaaa", "bbbbbb", "cccccc"}


def test_a_named_slot_goes_and_a_busy_one_only_by_force() -> None:
    held = pool(slot(1, "aaaaaa", lease=NOW), slot(2, "bbbbbb"))
    assert victims(held, 1, ("bbbbbb",), NOW, force=False) == {"bbbbbb"}
    with pytest.raises(Refusal):
        victims(held, 1, ("aaaaaa",), NOW, force=False)
    with pytest.raises(Usage, match="no slot zzzzzz; there are: aaaaaa, bbbbbb"):
        victims(held, 1, ("zzzzzz",), NOW, force=False)
    with pytest.raises(Usage, match="2 slots are named to go"):
        victims(held, 1, ("aaaaaa", "bbbbbb"), NOW, force=True)


def test_a_busy_second_droplet_is_no_exception() -> None:
    held = pool(slot(1), slot(2, lease=NOW), state={"aaaaaa": 1})
    with pytest.raises(Refusal, match="droplet 2"):
        victims(held, 1, (), NOW, force=False)


def test_a_slot_is_deletable_private_and_never_changed_once_it_is_there() -> None:
    made = registered(grow(pool(), 1)).of("Droplet")[0]
    assert (made.protect, made.retain_on_delete) == (False, False)
    assert made.inputs["userData"] == ("secret", "#!/bin/sh\n")
    assert {*made.inputs} <= {*made.ignore_changes}
    assert made.inputs["name"] == f"train-gpu-{made.name}"
    assert f"infra-apply-slot:train:{made.name}" in made.inputs["tags"]
    assert f"infra-apply-deadline:{int(NOW) + 3600}" in made.inputs["tags"]


def test_a_look_imports_what_is_there_and_says_where_two_have_one_id() -> None:
    plans, problems = as_it_is([slot(1), slot(2, "bbbbbb"), slot(3, "bbbbbb")], "prod", "train")
    assert [(one.id, one.import_id) for one in plans] == [("aaaaaa", 1), ("bbbbbb", None)]
    assert len(problems) == 1 and "bbbbbb" in problems[0]


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
            of_it = [number - 1 - i for i in range(copies)]
            state[name] = draw(st.sampled_from([*of_it, 999])) if of_it else 999
    return World(tuple(draw(st.permutations(droplets))), state)


def settled(world: World) -> World:
    """What a refresh leaves: the state forgets what the account has not."""
    there = {one.id for one in world.droplets}
    return World(world.droplets, {name: one for name, one in world.state.items() if one in there})


def applied(world: World, change: Change) -> World:
    """What the engine and the destroyer do with a change."""
    declared = {one.id: one for one in change.slots()}
    ended = {one.droplet.id for one in change.by_hand}
    ended |= {one for name, one in world.state.items() if name not in declared}
    state = {name: one for name, one in world.state.items() if name in declared}
    state |= {one.id: one.import_id for one in declared.values() if one.import_id}
    made = []
    for number, name in enumerate(sorted({*declared} - {*state}), 1000):
        made.append(slot(number, name))
        state[name] = number
    left = tuple(one for one in world.droplets if one.id not in ended)
    return World((*left, *made), state)


@given(worlds(), st.integers(0, 9), st.booleans())
def test_any_wanted_number_touches_only_the_difference(
    world: World, count: int, force: bool
) -> None:
    world = settled(world)
    held = pool(*world.droplets, state=world.state)
    try:
        going = victims(held, count, (), NOW, force=force)
    except Refusal:
        assert not force
        return
    missing = count - len(held.slots)
    change = grow(held, missing) if missing > 0 else shrunk(held, going)
    after = applied(world, change)
    then = pool(*after.droplets, state=after.state)
    assert len(then.slots) == count and not then.extras and not then.orphans and not then.gone
    staying = {one.id: one.droplet for one in held.slots if one.id not in going}
    assert staying.items() <= {one.id: one.droplet for one in then.slots}.items()
    assert len(held.slots) - len(staying) == max(0, -missing)
    for one in change.slots():  # an import never meets another id in the state
        assert one.import_id is None or one.id not in world.state
    again = grow(then, 0) if missing > 0 else shrunk(then, frozenset())
    assert again.empty


@settings(max_examples=20, deadline=None)
@given(worlds(), st.integers(0, 6))
def test_the_registrations_of_slots_that_stay_differ_in_nothing_the_engine_looks_at(
    world: World, count: int
) -> None:
    held = pool(*world.droplets, state=settled(world).state)
    before = registered(shrunk(held, frozenset()))
    going = victims(held, count, (), NOW, force=True)
    missing = count - len(held.slots)
    change = grow(held, missing) if missing > 0 else shrunk(held, going)
    after = {one.name: one for one in registered(change).of("Droplet")}
    stayed = [one for one in before.of("Droplet") if one.name in after]
    assert len(after) == count and len(stayed) == min(count, len(held.slots))
    for one in stayed:
        assert one == after[one.name]
        assert {*one.inputs} <= {*one.ignore_changes}


@given(st.integers(0, 5), st.lists(st.text("ab", min_size=6, max_size=6), max_size=4))
def test_ids_are_six_small_base32_characters_and_never_used_twice(
    missing: int, taken: list[str]
) -> None:
    change = grow(pool(slot(1, "aaaaaa")), missing, tuple(taken))
    made = [one.id for one in change.create]
    assert len({*made, *taken, "aaaaaa"}) == missing + len({*taken, "aaaaaa"})
    for one in made:
        assert len(one) == 6 and {*one} <= {*"abcdefghijklmnopqrstuvwxyz234567"}
