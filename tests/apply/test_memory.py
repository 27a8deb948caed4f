"""What the engine remembers, from what it exports."""

from __future__ import annotations

from typing import Any

from infra_apply.apply.memory import Memory, memory_in
from tests.apply.steps import urn

DROPLET = "digitalocean:index/droplet:Droplet"


def resource(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "type": DROPLET, "custom": True, **fields}


def test_droplets_are_known_by_name_and_pending_operations_by_urn() -> None:
    exported = {
        "version": 3,
        "deployment": {
            "resources": [
                {"urn": urn("Stack", "s"), "type": "pulumi:pulumi:Stack"},
                {"urn": "urn:p::x", "type": "pulumi:providers:digitalocean", "custom": True},
                resource("Droplet", "lime", id="41"),
                resource("Droplet", "lime", id="40", delete=True),
            ],
            "pending_operations": [
                {"resource": resource("Droplet", "basil"), "type": "creating"},
            ],
        },
    }
    assert memory_in(exported) == Memory({"lime": 41}, (urn("Droplet", "basil"),), 2)


def test_a_stack_that_never_ran_remembers_nothing() -> None:
    assert memory_in({"version": 3, "deployment": None}) == Memory()
