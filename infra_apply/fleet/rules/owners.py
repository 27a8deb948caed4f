"""fleet: a host that carries both environments needs one stack that owns it."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply.diagnostics.model import Diagnostic, NotChecked, Related
from infra_apply.fleet.hosts import droplets
from infra_apply.fleet.model import Fleet


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report hosts with services of dev and prod that no stack's settings give up."""
    for host, carried in droplets(fleet).items():
        first = carried[0]
        second = next((one for one in carried if one.environment != first.environment), None)
        if second is None or any(stack.host(host).lookup for stack in fleet.stacks):
            continue
        if not fleet.stacks:
            yield NotChecked(
                f"{second.path}: who owns `{host}`, which carries dev and prod: "
                "no settings were read"
            )
            continue
        message = f"`{host}` carries dev and prod, and no stack's settings say who owns it"
        hint = f"in the stack that does not: `infra-apply:hosts: {{{host}: {{lookup: true}}}}`"
        related = Related(first.value("service", "host"), f"{first.environment} is here")
        place = second.value("service", "host")
        yield Diagnostic("IA703", place, message, hint, (related,))
