"""An error begins with the resource it is about, and tells what DigitalOcean answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.wording import message_text, resource_label
from infra_apply.diagnostics.cloud_codes import LETTING_GO
from infra_apply.engine.events import EngineMessage
from infra_apply.reconcile.removal import diagnose_removals
from tests import companies
from tests.apply.steps import error, urn
from tests.reconcile.worlds import account, droplet, host_state, state

PLAN = companies.plan(
    companies.service("shop", database=companies.database("shop")),
)
API = "https://api.digitalocean.com"
REQUEST = '(request "8b3c0a52-4290-4000-8000-000000000000")'
LIME = urn("Droplet", "lime")
CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("Droplet", "lime", "Droplet lime"),
        ("Firewall", "lime", "Firewall lime"),
        ("Tag", "infra-apply-host:lime", "Tag infra-apply-host:lime"),
        ("DatabaseDb", "shop", "Database shop on shared-pg"),
        ("DatabaseUser", "shop", "Database user shop on shared-pg"),
        ("Grants", "shop", "Grants shop on shared-pg"),
        ("DatabaseDb", "gone", "Database gone"),
    ],
)
def test_a_resource_is_called_by_its_kind_and_name(kind: str, name: str, label: str) -> None:
    assert resource_label(urn(kind, name), PLAN) == label


def test_an_error_names_its_resource_and_neither_uuid_nor_source_line() -> None:
    wrapped = (
        "sdk-v2/provider2.go:572: sdk.helper_schema: Error creating Database DB: POST "
        f'{API}/v2/databases/{CLUSTER}/dbs: 422 (request "1") database name is '
        "not available: provider=digitalocean@4.76.0"
    )
    text = message_text(error(wrapped, "DatabaseDb", "shop"), PLAN)
    assert text == (
        "Database shop on shared-pg: Error creating Database DB: DigitalOcean answered 422 "
        "database name is not available"
    )


# What the real provider and its bridge (4.76.0) wrote in recorded runs, and what of it is said.
RECORDED = {
    f"1 error occurred:\n\t* Error creating droplet: POST {API}/v2/droplets: 422 {REQUEST} "
    "name is taken\n\n": "Error creating droplet: DigitalOcean answered 422 name is taken",
    f"sdk-v2/provider2.go:572: sdk.helper_schema: Error creating droplet: POST {API}/v2/droplets: "
    f"422 {REQUEST} name is taken: provider=digitalocean@4.76.0": (
        "Error creating droplet: DigitalOcean answered 422 name is taken"
    ),
    f"creating {LIME}: 1 error occurred:\n\t* Error waiting for droplet (400000001) to become "
    f"ready: GET {API}/v2/droplets/400000001: 500 {REQUEST} down\n\n": (
        "Error waiting for droplet (400000001) to become ready: DigitalOcean answered 500 down"
    ),
    f"refreshing {LIME}: 1 error occurred:\n\t* Error retrieving droplet: "
    f'Get "{API}/v2/droplets/4": EOF\n\n': "Error retrieving droplet: no answer came (EOF)",
    f"updating {LIME}: 1 error occurred:\n\t* Error waiting for resize droplet (4) to finish: "
    "timeout while waiting for state to become 'completed'\n\n": (
        "Error waiting for resize droplet (4) to finish: timeout while waiting for state to become "
        "'completed'"
    ),
    f"deleting {LIME}: 1 error occurred:\n\t* Error deleting droplet: DELETE {API}/v2/droplets/4: "
    f"401 {REQUEST} Unable to authenticate you\n\n": (
        "Error deleting droplet: DigitalOcean answered 401 Unable to authenticate you"
    ),
    f"importing 77: 1 error occurred:\n\t* Error importing droplet: GET {API}/v2/droplets/77: 404 "
    f"{REQUEST} The resource you were accessing could not be found.\n\n": (
        "Error importing droplet: DigitalOcean answered 404 The resource you were accessing could "
        "not be found."
    ),
    "Preview failed: resource '77' does not exist": "resource '77' does not exist",
    "2 errors occurred:\n\t* Error updating tags: one\n\t* Error updating tags: two\n\n": (
        "Error updating tags: one; Error updating tags: two"
    ),
    "invoking digitalocean:index/getVpc:getVpc: 1 error occurred:\n\t* Error retrieving VPC: no "
    "VPCs found with name nope\n\n": "Error retrieving VPC: no VPCs found with name nope",
    f"Resource provider reported that the resource did not exist while updating {LIME}.\n\nThis is "
    "usually a result of the resource having been deleted outside of Pulumi, and can often be "
    "fixed by running `pulumi refresh` before updating.": (
        "DigitalOcean answered 404 for it while it was changed; run the same again"
    ),
}


@pytest.mark.parametrize("recorded", RECORDED)
def test_what_engine_and_provider_wrap_an_error_in_is_left_out(recorded: str) -> None:
    assert message_text(error(recorded), PLAN) == f"Droplet lime: {RECORDED[recorded]}"


@given(st.text(max_size=200))
def test_any_error_has_words_that_begin_with_its_resource(text: str) -> None:
    assert message_text(error(text), PLAN).startswith("Droplet lime: ")


def test_an_error_of_grants_is_said_without_the_class_that_carried_it() -> None:
    refused = "infra_apply.errors.Refusal: the database `shop` cannot be separated: ...\n\n"
    assert message_text(error(refused, "Grants", "shop"), PLAN) == (
        "Grants shop on shared-pg: the database `shop` cannot be separated: ..."
    )


def test_an_answer_that_never_came_is_said() -> None:
    text = message_text(error('Post "https://api.example.com/v2/droplets": EOF'), PLAN)
    assert text == "Droplet lime: no answer came (EOF)"


def test_the_programs_own_words_stay_as_they_are() -> None:
    message = EngineMessage("error", "\nshop/.infra.yaml:1:1: error[IA503]: x", urn("Stack", "s"))
    assert message_text(message, PLAN) == "shop/.infra.yaml:1:1: error[IA503]: x"


def test_what_plain_pulumi_leaves_to_the_next_run_is_said_to_follow_by_itself() -> None:
    remembered = state(host_state(7))
    plan = replace(PLAN, hosts=(), retired={"lime": "destroy"})
    (hint,) = [
        problem.hint
        for problem in diagnose_removals(plan, account(droplet()), remembered)
        if problem.code == LETTING_GO
    ]
    assert hint == "apply once more: that destroys it"
    message = EngineMessage("warning", f"warning[IA925]: x\n  hint: {hint}", urn("Stack", "s"))
    assert message_text(message, PLAN).endswith(
        "hint: the update then applies once more by itself: that destroys it"
    )


def test_what_is_not_as_previewed_is_said_without_its_values() -> None:
    words = (
        f"resource {urn('Droplet', 'lime')} violates plan: properties changed: ++userData[hunter2]"
    )
    text = message_text(error(words), PLAN)
    assert text.startswith("Droplet lime: it is no longer what was previewed")
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("engines", "ours"),
    [
        (
            'unable to replace resource "urn"\nas it is currently marked for protection. To ...',
            "it would be replaced, which deletes it; it is protected, and nothing was changed",
        ),
        (
            "previously-imported resources ... may not be replaced;\ntags: {[{a}]} => {[{b}]}",
            "it would be replaced, which deletes it, because of what changes: tags",
        ),
        (
            "expected non-nil error with nil state during Create of urn",
            "it was made, and DigitalOcean answered 404 when it was read back",
        ),
        (
            "expected resource operations for urn but none were seen",
            "the run ended before it came to it",
        ),
    ],
)
def test_the_engines_advice_to_drop_a_protection_is_not_passed_on(engines: str, ours: str) -> None:
    assert message_text(error(engines), PLAN) == f"Droplet lime: {ours}"
