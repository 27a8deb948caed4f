"""Steps and messages as the engine gives them, short to write."""

from __future__ import annotations

from typing import Any

from infra_apply.engine.events import EngineMessage, Step
from infra_apply.engine.run import Outcome

_PARENTS = {
    "Droplet": "infra-apply:index:Host$digitalocean:index/droplet:Droplet",
    "Firewall": "infra-apply:index:Host$digitalocean:index/firewall:Firewall",
    "DatabaseDb": "infra-apply:index:Database$digitalocean:index/databaseDb:DatabaseDb",
    "Grants": "pulumi-python:dynamic/infra-apply:Grants",
    "DatabaseUser": "infra-apply:index:Database$digitalocean:index/databaseUser:DatabaseUser",
    "Tag": "digitalocean:index/tag:Tag",
    "Host": "infra-apply:index:Host",
    "Stack": "pulumi:pulumi:Stack",
}


def urn(kind: str, name: str) -> str:
    """The URN of a resource of the stack prod."""
    return f"urn:pulumi:prod::infra-apply::{_PARENTS[kind]}::{name}"


def step(op: str, kind: str, name: str, **fields: Any) -> Step:
    """A step that is done; everything but a component and the stack is real."""
    fields.setdefault("custom", kind not in {"Host", "Stack"})
    fields.setdefault("status", "done")
    return Step(op, urn(kind, name), _PARENTS[kind].rpartition("$")[2], name, **fields)


def error(text: str, kind: str = "Droplet", name: str = "lime") -> EngineMessage:
    """An error about a resource."""
    return EngineMessage("error", text, urn(kind, name))


def outcome(*steps: Step, ok: bool = True, acted: bool = True, errors: Any = ()) -> Outcome:
    """What a run did; with `errors` it failed."""
    return Outcome(ok and not errors, steps, tuple(errors), 1.0, {}, acted=acted)
