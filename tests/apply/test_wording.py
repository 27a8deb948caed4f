"""An error begins with the resource it is about, and tells what DigitalOcean answered."""

from __future__ import annotations

import pytest

from infra_apply.apply.wording import message_text, resource_label
from infra_apply.engine.events import EngineMessage
from tests import companies
from tests.apply.steps import error, urn

PLAN = companies.plan(
    companies.service("shop", database=companies.database("shop")),
)
CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("kind", "name", "label"),
    [
        ("Droplet", "lime", "Droplet lime"),
        ("Firewall", "lime", "Firewall lime"),
        ("Tag", "infra-apply-host:lime", "Tag infra-apply-host:lime"),
        ("DatabaseDb", "shop", "Database shop on shared-pg"),
        ("DatabaseUser", "shop", "Database user shop on shared-pg"),
        ("DatabaseDb", "gone", "Database gone"),
    ],
)
def test_a_resource_is_called_by_its_kind_and_name(kind: str, name: str, label: str) -> None:
    assert resource_label(urn(kind, name), PLAN) == label


def test_an_error_names_its_resource_and_neither_uuid_nor_source_line() -> None:
    wrapped = (
        "sdk-v2/provider2.go:572: sdk.helper_schema: Error creating Database DB: POST "
        f'https://api.example.com/v2/databases/{CLUSTER}/dbs: 422 (request "1") database name is '
        "not available: provider=digitalocean@4.76.0\n1 error occurred:\n\t* "
    )
    text = message_text(error(wrapped, "DatabaseDb", "shop"), PLAN)
    assert text.startswith(
        "Database shop on shared-pg: Error creating Database DB: DigitalOcean answered 422 "
        "database name is not available"
    )
    assert CLUSTER not in text
    assert "provider2.go" not in text
    assert "provider=" not in text


def test_an_answer_that_never_came_is_said() -> None:
    text = message_text(error('Post "https://api.example.com/v2/droplets": EOF'), PLAN)
    assert text == "Droplet lime: no answer came (EOF)"


def test_the_programs_own_words_stay_as_they_are() -> None:
    message = EngineMessage("error", "\nshop/.infra.yaml:1:1: error[IA503]: x", urn("Stack", "s"))
    assert message_text(message, PLAN) == "shop/.infra.yaml:1:1: error[IA503]: x"


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
