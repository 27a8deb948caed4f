"""The tree: what stands on each line, and in which order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from infra_apply.engine.events import Step
from infra_apply.engine.tree import lines


def step(op: str, kind: str, name: str, parent: str = "", **fields: Any) -> Step:
    return Step(op, f"urn::{name}", kind, name, f"urn::{parent}" if parent else "", **fields)


FLEET = [
    step("same", "pulumi:pulumi:Stack", "fleet-prod"),
    step("create", "infra-apply:index:Host", "lime", "fleet-prod"),
    step("create", "digitalocean:index/droplet:Droplet", "lime-droplet", "lime"),
    step("create", "digitalocean:index/firewall:Firewall", "lime-firewall", "lime"),
    step("import", "infra-apply:index:Host", "fig", "fleet-prod"),
    step("delete", "infra-apply:index:Host", "old", "fleet-prod"),
    step("replace", "digitalocean:index/tag:Tag", "env", "fleet-prod"),
    step("create", "pulumi:providers:digitalocean", "default_4_84_1", "fleet-prod"),
]


def test_a_fleet_draws_with_a_symbol_a_resource_and_ends_in_counts() -> None:
    assert lines(FLEET, colour=False) == [
        "   Stack fleet-prod",
        "=    Host fig",
        "+    Host lime",
        "+      Droplet lime-droplet",
        "+      Firewall lime-firewall",
        "-    Host old",
        "+-   Tag env",
        "",
        "3 to create, 1 to import, 1 to replace, 1 to delete, 1 unchanged",
    ]


def test_what_was_done_is_counted_as_done() -> None:
    assert lines(FLEET, colour=False, done=True)[-1] == (
        "3 created, 1 imported, 1 replaced, 1 deleted, 1 unchanged"
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_steps_does_not_matter(seed: int) -> None:
    shuffled = random.Random(seed).sample(FLEET, len(FLEET))  # noqa: S311 - no secret
    assert lines(shuffled, colour=False) == lines(FLEET, colour=False)


def test_numbers_in_names_sort_as_numbers() -> None:
    steps = [step("create", "t:Host", f"web{number}") for number in (10, 9, 1)]
    assert [line.split()[-1] for line in lines(steps, colour=False)[:3]] == [
        "web1",
        "web9",
        "web10",
    ]


@pytest.mark.parametrize(
    ("old", "new", "diff", "expected"),
    [
        ({"size": "s-1"}, {"size": "s-2"}, {"size": "update"}, "size: s-1 -> s-2"),
        ({}, {"port": 80}, {"port": "add"}, "port: none -> 80"),
        ({"on": True}, {"on": False}, {"on": "update"}, "on: true -> false"),
        ({"tags": ["a"]}, {"tags": ["b"]}, {"tags[0]": "update"}, "tags"),
        ({"a": "[secret]"}, {"a": "[secret]"}, {"a.b": "update"}, "a"),
        ({"x.y": "1"}, {"x.y": "2"}, {'["x.y"].z': "update"}, "x.y: 1 -> 2"),
        ({"data": "x" * 41}, {"data": "y"}, {"data": "update"}, "data"),
        ({"ip": "1"}, {"ip": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, {"ip": "update"},
         "ip: 1 -> known later"),
        ({"t": "a\nb"}, {"t": "c"}, {"t": "update"}, r't: "a\nb" -> c'),
        ({}, {}, dict.fromkeys("fedcba", "add"), "a, b, c, d, 2 more"),
    ],
)  # fmt: skip
def test_an_update_says_which_inputs_change(
    old: dict[str, Any], new: dict[str, Any], diff: dict[str, str], expected: str
) -> None:
    update = step("update", "t:Droplet", "lime", old_inputs=old, inputs=new, detailed_diff=diff)
    assert lines([update], colour=False)[0] == f"~ Droplet lime  {expected}"


def test_an_update_without_a_detailed_diff_names_the_changed_keys() -> None:
    update = step("update", "t:Droplet", "lime", changed=("size", "region"))
    assert lines([update], colour=False)[0] == "~ Droplet lime  region, size"


def test_a_failed_step_says_so() -> None:
    failed = step("create", "t:Droplet", "lime", status="failed")
    assert lines([failed], colour=False)[0] == "+ Droplet lime  FAILED"


def test_colour_marks_what_changes_and_leaves_the_rest_plain() -> None:
    drawn = lines(FLEET, colour=True)
    assert drawn[0] == "   Stack fleet-prod"
    assert drawn[2] == "\x1b[32m+    Host lime\x1b[0m"


def test_what_stays_the_same_is_counted_and_not_drawn() -> None:
    assert lines([step("same", "t:Host", "lime")], colour=False) == ["1 unchanged"]


def test_an_empty_plan_says_so() -> None:
    assert lines([], colour=False) == ["nothing in this stack"]


def test_notes_of_one_type_stand_in_one_column() -> None:
    steps = [
        step("create", "t:Host", "lime"),
        step("create", "t:Host", "b"),
        step("create", "t:A", "x"),
    ]
    drawn = lines(steps, colour=False, notes={("Host", "lime"): "first", ("Host", "b"): "second"})
    assert drawn[:3] == ["+ A x", "+ Host b     second", "+ Host lime  first"]
