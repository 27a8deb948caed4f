"""What would go is named with its reason, and refused where nobody asked for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.removals import refuse_removals, removal_lines, removals
from infra_apply.engine.events import Step
from infra_apply.errors import Refusal
from tests import companies
from tests.apply.steps import step

PLAN = companies.plan(companies.service("shop"))
COMMAND = "infra-apply up --stack prod"

REPLACED = step(
    "replace",
    "Droplet",
    "lime",
    id="41",
    detailed_diff={"region": "update-replace", "tags[0]": "add"},
    old_inputs={"region": "nyc1"},
    inputs={"region": "ams3"},
)


def refusal(*steps: Step, allowed: int = 0) -> Refusal | None:
    try:
        refuse_removals(removals(steps), PLAN, allowed=allowed, command=COMMAND)
    except Refusal as raised:
        return raised
    return None


def test_a_deletion_is_refused_with_its_reason_and_the_two_ways_on() -> None:
    raised = refusal(step("delete", "Droplet", "lime", id="41"))
    assert raised is not None
    assert str(raised) == (
        "1 resource would go that must not:\n"
        "  Droplet lime (41) would be deleted: nothing declares it any more\n"
        "  state: nothing was changed\n"
        "  next:  bring back what declared them; if they are meant to go: "
        "infra-apply up --stack prod --allow-delete 1"
    )


def test_grants_end_with_their_database_and_are_no_deletion_of_their_own() -> None:
    forgotten = removals([step("delete", "Grants", "shop", id="c1/shop")])
    assert forgotten.deletes == ()
    (line,) = removal_lines(forgotten.forgets, PLAN)
    assert line.endswith(
        "(c1/shop) would be forgotten, and stays in the account: nothing declares it any more"
    )


def test_as_many_deletions_as_are_allowed_pass() -> None:
    firewalls = [step("delete", "Firewall", name) for name in ("lime", "basil")]
    assert refusal(*firewalls, allowed=1) is not None
    assert refusal(*firewalls, allowed=2) is None


def test_a_replacement_is_refused_however_many_deletions_are_allowed() -> None:
    raised = refusal(REPLACED, allowed=9)
    assert raised is not None
    assert (
        "Droplet lime (41) would be replaced, which deletes it: region changes from nyc1 to ams3"
    ) in raised.message
    assert "--allow-delete" not in raised.next_step


@pytest.mark.parametrize(
    "op",
    [
        "replace",
        "create-replacement",
        "delete-replaced",
        "import-replacement",
        "read-replacement",
        "discard-replaced",
        "remove-pending-replace",
    ],
)
def test_every_part_of_a_replacement_is_one(op: str) -> None:
    assert refusal(step(op, "Droplet", "lime"), allowed=9) is not None


def test_a_replacement_that_retains_the_old_one_is_refused_too() -> None:
    assert refusal(step("replace", "Droplet", "lime", retain=True)) is not None


def test_what_is_only_forgotten_is_named_and_passes() -> None:
    forgotten = step("delete", "Tag", "infra-apply-host:lime", retain=True)
    assert refusal(forgotten) is None
    (line,) = removal_lines(removals([forgotten]).forgets, PLAN)
    assert line == (
        "Tag infra-apply-host:lime would be forgotten, and stays in the account: "
        "nothing declares it any more"
    )


def test_a_component_and_a_provider_are_nothing_in_the_account() -> None:
    provider = Step("delete", "urn::p", "pulumi:providers:digitalocean", "default", custom=True)
    assert refusal(step("delete", "Host", "lime"), provider) is None


@given(st.lists(st.sampled_from(["create", "update", "same", "import", "read", "refresh"])))
def test_what_removes_nothing_is_never_refused(ops: list[str]) -> None:
    assert refusal(*[step(op, "Droplet", str(number)) for number, op in enumerate(ops)]) is None
