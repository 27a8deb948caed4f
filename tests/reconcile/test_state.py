"""What `pulumi stack export` prints, as values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_apply.reconcile.state import DROPLET, HOST, State, parse_state

EXPORTED = {
    "version": 3,
    "deployment": {
        "manifest": {"time": "2026-11-25T08:59:13.879816545Z"},
        "resources": [
            {"urn": "urn:s::p::infra-apply:index:Host::lime", "type": HOST, "custom": False},
            {
                "urn": f"urn:s::p::{HOST}${DROPLET}::lime",
                "type": DROPLET,
                "id": "7",
                "parent": "urn:s::p::infra-apply:index:Host::lime",
                "protect": True,
                "retainOnDelete": True,
                "inputs": {"size": "s-1vcpu-1gb"},
            },
            {
                "urn": f"urn:s::p::{HOST}${DROPLET}::lime",
                "type": DROPLET,
                "id": "6",
                "parent": "urn:s::p::infra-apply:index:Host::lime",
                "delete": True,
            },
        ],
        "pending_operations": [
            {"type": "creating", "resource": {"urn": "urn:a", "type": DROPLET}},
            {"type": "deleting", "resource": {"urn": "urn:b", "type": DROPLET}},
        ],
    },
}


def test_a_resource_is_found_by_its_component() -> None:
    remembered = parse_state(EXPORTED)
    droplet = remembered.child(HOST, "lime", DROPLET)
    assert droplet is not None
    assert (droplet.id, droplet.name, droplet.protect, droplet.retain) == ("7", "lime", True, True)
    assert droplet.inputs == {"size": "s-1vcpu-1gb"}
    assert remembered.child(HOST, "basil", DROPLET) is None


def test_what_waits_to_be_deleted_after_a_replacement_is_not_held() -> None:
    assert [resource.id for resource in parse_state(EXPORTED).resources] == ["", "7"]


def test_creates_without_an_end_and_the_time_are_known() -> None:
    remembered = parse_state(EXPORTED)
    assert remembered.pending_creates == {"urn:a"}
    assert remembered.written_at == pytest.approx(1_795_597_153.879816)


@pytest.mark.parametrize("exported", [{}, {"version": 3}, {"deployment": None}])
def test_a_stack_that_was_never_applied_is_empty(exported: dict[str, object]) -> None:
    assert parse_state(exported) == State()
    assert parse_state(exported).is_empty


def test_providers_tags_and_the_stack_itself_do_not_make_a_state_that_knows_something() -> None:
    kept = Path(__file__).parents[1] / "e2e/kept/account/engine/state/.pulumi/stacks/infra-apply"
    checkpoint = json.loads((kept / "prod.json").read_text())["checkpoint"]["latest"]
    remembered = parse_state({"deployment": checkpoint})
    assert not remembered.is_empty
    others = [
        resource
        for resource in checkpoint["resources"]
        if not resource["type"].startswith("infra-apply:")
    ]
    assert parse_state({"deployment": {"resources": others}}).is_empty
