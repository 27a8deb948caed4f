"""Reads what the engine remembers of a target's stack: its last checkpoint."""

from __future__ import annotations

from infra_apply.apply.target import Target
from infra_apply.engine.stack_export import export_stack
from infra_apply.errors import Outage
from infra_apply.reconcile.state import State, parse_state


def read_state(target: Target) -> State:
    """Have the engine export the stack's checkpoint; secrets stay encrypted. Raises Outage."""
    stack = target.plan.stack
    try:
        exported = export_stack(target.engine.path, stack, target.folder, target.environ)
    except Outage as outage:
        raise Outage(outage.message, next_step=f"run it again: {target.command}") from None
    return parse_state(exported or {})
