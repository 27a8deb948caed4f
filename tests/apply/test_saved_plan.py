"""A reviewed preview: nothing else is applied, and what has no effect keeps the approval."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.letting_go import LettingGo
from infra_apply.apply.saved_plan import (
    SavedPlan,
    as_text,
    moved,
    parse_saved_plan,
    save_plan,
)
from infra_apply.engine.events import Step
from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import State
from tests import companies
from tests.apply.retirements import (
    DATABASE,
    HOST,
    KEPT_HOST,
    deletions,
    letting_go,
    retirement,
)
from tests.apply.steps import step
from tests.reconcile.worlds import host_state

NOTHING = LettingGo()
KEY = b"k" * 32
PLAIN = companies.plan(companies.service("shop"))
PLAN = replace(
    PLAIN, hosts=tuple(replace(host, user_data="PASSWORD=hunter2") for host in PLAIN.hosts)
)
CREATE = step("create", "Droplet", "lime", inputs={"size": "s-1", "tags": ["a", "b"]})
UPDATE = step(
    "update",
    "Firewall",
    "lime",
    id="f1",
    inputs={"rules": [22, 80]},
    old_inputs={"rules": [22]},
    detailed_diff={"rules[1]": "add"},
)
DELETE = step("delete", "Firewall", "basil", id="f2")


def saved(
    *steps: Step, plan: Plan = PLAN, gone: LettingGo = NOTHING, account: str | None = "ours"
) -> SavedPlan:
    return save_plan(plan, steps, gone, State(), account=account, commits={}, key=KEY)


@pytest.mark.parametrize("account", ["theirs", None])
def test_a_plan_of_another_account_is_refused_whatever_it_would_do(account: str | None) -> None:
    (line,) = moved(saved(CREATE), saved(CREATE, account=account))
    assert "another account" in line


def test_what_was_reviewed_is_what_may_be_done() -> None:
    assert list(moved(saved(CREATE, UPDATE), saved(UPDATE, CREATE))) == []


def test_what_is_done_already_need_not_be_done_again() -> None:
    made, updated = replace(CREATE, op="same"), replace(UPDATE, op="same")
    assert list(moved(saved(CREATE, UPDATE), saved(made, UPDATE))) == []
    assert list(moved(saved(CREATE, UPDATE), saved(made, updated))) == []
    assert list(moved(saved(DELETE), saved())) == []


def test_what_was_reviewed_and_would_be_left_out_is_named() -> None:
    """The droplet that is left would stand open without the firewall that was reviewed with it."""
    firewall = step("create", "Firewall", "lime")
    assert list(moved(saved(CREATE, firewall), saved(CREATE))) == [
        "Firewall lime: create was reviewed, and would not be done"
    ]
    undone = replace(UPDATE, op="same", inputs=UPDATE.old_inputs)
    assert list(moved(saved(UPDATE), saved(undone))) == [
        "Firewall lime: update was reviewed, and would not be done"
    ]
    assert list(moved(saved(DELETE), saved(replace(DELETE, op="same")))) == [
        "Firewall basil: delete was reviewed, and would not be done"
    ]


def test_protection_that_is_lifted_is_named_though_the_engine_shows_no_change() -> None:
    kept = step("same", "Droplet", "lime", protect=True, retain=True)
    reviewed = saved(kept, UPDATE)
    assert list(moved(reviewed, saved(kept, UPDATE))) == []
    for lifted in (replace(kept, protect=False), replace(kept, retain=False)):
        assert list(moved(reviewed, saved(lifted, UPDATE))) == [
            "Droplet lime: its protection is not what was reviewed"
        ]
    made = replace(CREATE, protect=True)
    assert list(moved(saved(made), saved(CREATE))) == [
        "Droplet lime: its protection is not what was reviewed"
    ]


def test_a_reviewed_create_may_have_become_an_import_of_just_that() -> None:
    imported = replace(CREATE, op="import", id="41", old_inputs={"size": "s-1"})
    assert list(moved(saved(CREATE), saved(imported))) == []
    larger = replace(imported, inputs={**CREATE.inputs, "size": "s-2"})
    assert list(moved(saved(CREATE), saved(larger))) == [
        "Droplet lime: what it would be set to is not what was reviewed"
    ]


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (step("create", "Droplet", "basil"), "Droplet basil: create was not reviewed"),
        (
            replace(UPDATE, op="delete"),
            "Firewall lime: update was reviewed, and it would be: delete",
        ),
        (
            replace(UPDATE, op="import"),
            "Firewall lime: update was reviewed, and it would be: import",
        ),
        (
            replace(UPDATE, inputs={"rules": [22, 81]}),
            "Firewall lime: what it would be set to is not what was reviewed",
        ),
        (
            replace(UPDATE, old_inputs={"rules": [23]}),
            "Firewall lime: what it is now is not what it was at the review",
        ),
        (
            replace(UPDATE, id="f2"),
            "Firewall lime: what it is now is not what it was at the review",
        ),
    ],
)
def test_whatever_moved_is_named(now: Step, line: str) -> None:
    rest = [drawn for drawn in (CREATE, UPDATE) if drawn.urn != now.urn]
    assert list(moved(saved(CREATE, UPDATE), saved(now, *rest))) == [line]


def test_what_is_retired_goes_as_it_was_reviewed_in_whichever_of_the_two_runs() -> None:
    lifted, gone = saved(gone=letting_go(HOST)), saved(*deletions(HOST), gone=letting_go(HOST))
    for reviewed, now in product((lifted, gone), repeat=2):
        assert list(moved(reviewed, now)) == []
    assert list(moved(gone, saved())) == []
    # Its parts are gone, and what is left of it is in the state only.
    assert list(moved(lifted, saved(deletions(HOST)[-1]))) == []


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (letting_go(HOST, DATABASE), "DatabaseDb shop: that it is retired was not reviewed"),
        (letting_go(KEPT_HOST), "Droplet lime: destroy was reviewed, and it is keep"),
        (
            letting_go(retirement(host_state(8))),
            "Droplet lime: what would go is not what was reviewed",
        ),
    ],
)
def test_what_is_retired_otherwise_than_it_was_reviewed_is_named(now: LettingGo, line: str) -> None:
    assert line in moved(saved(gone=letting_go(HOST)), saved(gone=now))


def test_a_deletion_that_no_retirement_asks_for_is_not_reviewed_by_one() -> None:
    (droplet, *_) = deletions(HOST)
    another = replace(droplet, id="8")
    for gone in (letting_go(HOST), NOTHING):
        lines = list(moved(saved(gone=letting_go(HOST)), saved(another, gone=gone)))
        assert lines == ["Droplet lime: delete was not reviewed"]


def test_user_data_that_nobody_can_see_is_reviewed_too() -> None:
    other = replace(PLAN, hosts=tuple(replace(host, user_data="x") for host in PLAN.hosts))
    assert list(moved(saved(CREATE), saved(CREATE, plan=other))) == [
        "the user data of lime is not what was reviewed"
    ]
    # A droplet that is there keeps its own: nothing is made with it.
    assert list(moved(saved(UPDATE), saved(UPDATE, plan=other))) == []


def test_a_plan_of_another_stack_approves_nothing() -> None:
    assert list(moved(replace(saved(CREATE), stack="dev"), saved(CREATE))) != []


def test_the_file_shows_no_value() -> None:
    text = as_text(saved(CREATE, UPDATE))
    for value in ("hunter2", "PASSWORD", "s-1", '"rules"'):
        assert value not in text


def test_what_was_written_is_read_back() -> None:
    plan = saved(CREATE, UPDATE, gone=letting_go(HOST, DATABASE))
    assert parse_saved_plan(as_text(plan)) == plan


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', "null", '{"version": 2, "key": "zz"}', "[" * 100_000],
)
def test_anything_else_is_no_saved_plan(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_saved_plan(text)


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner),
    max_leaves=4,
)
_inputs = st.dictionaries(st.sampled_from(["size", "tags"]), _values)


def _step(op: str, name: str, inputs: dict[str, Any], old: dict[str, Any]) -> Step:
    return step(op, "Droplet", name, inputs=inputs, old_inputs=old)


_steps = st.lists(
    st.builds(
        _step,
        st.sampled_from(["create", "update", "delete", "import", "same"]),
        st.sampled_from("abc"),
        _inputs,
        _inputs,
    ),
    max_size=4,
    unique_by=lambda drawn: drawn.name,
)


@given(_steps)
def test_an_edit_without_an_effect_keeps_the_approval(steps: list[Step]) -> None:
    reordered = [
        replace(drawn, inputs=dict(sorted(drawn.inputs.items(), reverse=True)))
        for drawn in reversed(steps)
    ]
    before = parse_saved_plan(as_text(saved(*steps, plan=PLAIN)))
    assert list(moved(before, saved(*reordered, plan=PLAIN))) == []


@given(_steps, _steps)
def test_nothing_that_was_not_reviewed_passes(reviewed: list[Step], now: list[Step]) -> None:
    if list(moved(saved(*reviewed, plan=PLAIN), saved(*now, plan=PLAIN))):
        return
    known = {drawn.urn: drawn for drawn in reviewed if drawn.op != "same"}
    planned = {drawn.urn: drawn for drawn in now}
    for urn, drawn in planned.items():
        if drawn.op == "same":
            continue
        approved = known.pop(urn)
        assert _text(drawn.inputs) == _text(approved.inputs)
        assert drawn.op == approved.op or (approved.op, drawn.op) == ("create", "import")
        if drawn.op == approved.op != "create":
            assert drawn.old_inputs == approved.old_inputs
    for urn, approved in known.items():  # what is left is done already
        if approved.op == "delete":
            assert urn not in planned
        else:
            assert _text(planned[urn].inputs) == _text(approved.inputs)


def _text(inputs: Any) -> str:
    return json.dumps(inputs, sort_keys=True)
