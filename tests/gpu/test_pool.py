"""Which droplets are a pool's slots, whatever crashed runs and other people left."""

from __future__ import annotations

from dataclasses import replace

from infra_apply.gpu.change import plan_shrink
from infra_apply.gpu.pool import Pool
from tests.gpu.droplets import NOW, live, pool, slot, slot_of


def ids(held: Pool) -> list[str]:
    return [slot.id for slot in held.slots]


def test_a_slot_is_known_by_its_tag_or_by_the_id_that_the_state_has() -> None:
    untagged = live(3)
    held = pool(slot(1, "aaaaaa"), untagged, live(4), state={"bbbbbb": 3})
    assert ids(held) == ["aaaaaa", "bbbbbb"]
    assert [slot.id for slot in held.orphans] == ["aaaaaa"]
    assert held.droplets == {1, 3}


def test_a_droplet_keeps_the_id_that_the_state_has_whatever_its_tag_says_now() -> None:
    retagged = slot(1, "zzzzzz", owner="infra-apply:other:prod")
    held = pool(retagged, state={"aaaaaa": 1})
    assert ids(held) == ["aaaaaa"] and not held.orphans
    assert plan_shrink(held, frozenset()).is_empty


def test_another_owners_slot_of_the_same_name_is_none_of_ours() -> None:
    theirs = slot(1, owner="infra-apply:other:prod")
    assert ids(pool(theirs)) == []
    assert ids(pool(slot(1, owner=None))) == []
    assert [suspect.droplet.id for suspect in pool(slot(1, owner=None)).suspects] == [1]


def test_of_two_droplets_of_one_slot_the_state_s_stays_else_the_one_at_work_else_the_oldest() -> (
    None
):
    old, new = slot(1, made_at=NOW - 9), slot(2, made_at=NOW - 5)
    assert pool(new, old).slots == (slot_of(old),)
    assert pool(old, replace(new, tags=(*new.tags, "infra-apply-lease:5"))).slots[0].droplet.id == 2
    held = pool(old, new, state={"aaaaaa": 2})
    assert held.slots[0].droplet.id == 2 and held.extras == (slot_of(old),)


def test_what_the_state_has_and_the_account_lacks_is_named() -> None:
    assert pool(slot(1, "aaaaaa"), state={"aaaaaa": 1, "bbbbbb": 2}).gone == ("bbbbbb",)


def test_every_id_of_the_account_or_the_state_is_in_use() -> None:
    held = pool(slot(1, "aaaaaa"), slot(2, "aaaaaa"), state={"bbbbbb": 9})
    assert held.ids == {"aaaaaa", "bbbbbb"}
    assert [slot.droplet.id for slot in held.all_slots] == [1, 2]
