"""Which slots end: the named, then idle ones, and busy ones only by force."""

from __future__ import annotations

import pytest

from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.selection import choose_ending
from tests.gpu.droplets import NOW, pool, slot


def test_idle_slots_go_before_busy_ones_and_the_next_deadline_first() -> None:
    held = pool(
        slot(1, "aaaaaa", lease=NOW),
        slot(2, "bbbbbb", deadline=NOW + 50),
        slot(3, "cccccc", deadline=NOW + 40),
    )
    assert choose_ending(held, 2, (), NOW, force=False) == {"cccccc"}
    assert choose_ending(held, 1, (), NOW, force=False) == {"bbbbbb", "cccccc"}
    with pytest.raises(Refusal, match=r"at work: aaaaaa \(droplet 1\)"):
        choose_ending(held, 0, (), NOW, force=False)
    assert choose_ending(held, 0, (), NOW, force=True) == {"aaaaaa", "bbbbbb", "cccccc"}


def test_a_named_slot_goes_and_a_busy_one_only_by_force() -> None:
    held = pool(slot(1, "aaaaaa", lease=NOW), slot(2, "bbbbbb"))
    assert choose_ending(held, 1, ("bbbbbb",), NOW, force=False) == {"bbbbbb"}
    with pytest.raises(Refusal):
        choose_ending(held, 1, ("aaaaaa",), NOW, force=False)
    with pytest.raises(Usage, match="no slot zzzzzz; there are: aaaaaa, bbbbbb"):
        choose_ending(held, 1, ("zzzzzz",), NOW, force=False)
    with pytest.raises(Usage, match="2 slots are named to go"):
        choose_ending(held, 1, ("aaaaaa", "bbbbbb"), NOW, force=True)


def test_a_busy_second_droplet_is_no_exception() -> None:
    held = pool(slot(1), slot(2, lease=NOW), state={"aaaaaa": 1})
    with pytest.raises(Refusal, match="droplet 2"):
        choose_ending(held, 1, (), NOW, force=False)
