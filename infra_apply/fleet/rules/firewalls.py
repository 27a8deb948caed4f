"""settings: a managed firewall needs to know who may log in."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply.diagnostics.model import Diagnostic
from infra_apply.fleet.model import Fleet


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report hosts with `firewall: managed` in a stack that does not say `network.ssh`."""
    for stack in fleet.stacks:
        if stack.network.ssh is not None:
            continue
        for name, host in stack.hosts.items():
            if host.firewall == "managed":
                message = f"the firewall of `{name}` would lock everybody out: nobody may log in"
                hint = "add `infra-apply:network: {ssh: [198.51.100.0/24]}`, with your own range"
                yield Diagnostic("IA808", stack.key("hosts", name, "firewall"), message, hint)
