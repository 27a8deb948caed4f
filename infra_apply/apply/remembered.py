"""Reads what the engine remembers of a target's stack: its last checkpoint."""

from __future__ import annotations

import json

from pulumi.automation.errors import CommandError

from infra_apply.apply.target import Target
from infra_apply.engine.command import ExactCommand
from infra_apply.errors import Outage
from infra_apply.reconcile.state import State, parse_state


def read_state(target: Target) -> State:
    """Have the engine export the stack's checkpoint; secrets stay encrypted. Raises Outage."""
    command = ExactCommand(target.engine, target.environ, target.status_line.tick)
    words = ["stack", "export", "--stack", target.plan.stack]
    try:
        return parse_state(json.loads(command.run(words, str(target.folder), {}).stdout))
    except (CommandError, ValueError) as error:
        raise Outage(
            f"the state of stack {target.plan.stack} cannot be read: {str(error).strip()}",
            next_step=f"run it again: {target.command}",
        ) from None
