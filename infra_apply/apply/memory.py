"""What the engine remembers of a stack: its last checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pulumi.automation.errors import CommandError

from infra_apply.apply.target import Target
from infra_apply.engine.command import ExactCommand
from infra_apply.errors import Outage


@dataclass(frozen=True, slots=True)
class Memory:
    """A stack's last checkpoint: droplet ids by resource name, and creates that never ended.

    `pending` are the URNs of operations that were under way when a run was killed. `resources`
    counts those of providers, which a refresh reads one by one.
    """

    droplets: Mapping[str, int] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    resources: int = 0


def read_memory(target: Target) -> Memory:
    """Have the engine export the stack's checkpoint; secrets stay encrypted. Raises Outage."""
    command = ExactCommand(target.engine, target.environ, target.status_line.tick)
    words = ["stack", "export", "--stack", target.plan.stack]
    try:
        return memory_in(json.loads(command.run(words, str(target.folder), {}).stdout))
    except (CommandError, ValueError) as error:
        raise Outage(
            f"the state of stack {target.plan.stack} cannot be read: {str(error).strip()}",
            next_step=f"run it again: {target.command}",
        ) from None


def memory_in(exported: Mapping[str, Any]) -> Memory:
    """Read what `pulumi stack export` prints."""
    deployment = exported.get("deployment") or {}
    resources = deployment.get("resources") or ()
    operations = deployment.get("pending_operations") or ()
    pending = (str((operation.get("resource") or {}).get("urn")) for operation in operations)
    return Memory(
        droplets={
            str(resource["urn"]).split("::", 3)[-1]: int(resource["id"])
            for resource in resources
            if resource.get("type") == _DROPLET
            and str(resource.get("id", "")).isdecimal()
            and not resource.get("delete")
        },
        pending=tuple(pending),
        resources=sum(
            bool(resource.get("custom")) and not str(resource.get("type")).startswith(_PROVIDERS)
            for resource in resources
        ),
    )


_DROPLET: Final = "digitalocean:index/droplet:Droplet"
_PROVIDERS: Final = "pulumi:providers:"
