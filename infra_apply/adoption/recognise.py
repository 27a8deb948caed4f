"""Which droplets a host could be taken over from, and which only look like it."""

from __future__ import annotations

from dataclasses import dataclass

from infra_apply import naming
from infra_apply.adoption.model import NotProposed
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.reconcile.recognition import find_candidates
from infra_apply.reconcile.state import DROPLET, HOST, State


@dataclass(frozen=True, slots=True)
class Recognised:
    """The droplets that a host of the plan could be, and those that look like it and are not.

    Both are empty for a host whose droplet is this stack's already.
    """

    host: HostPlan
    matches: tuple[LiveDroplet, ...] = ()
    excluded: tuple[NotProposed, ...] = ()


def recognise(host: HostPlan, plan: Plan, account: Account, state: State) -> Recognised:
    """Find the droplets that a host could be, by its name or its address in the mesh."""
    candidates = find_candidates(host, plan, account.all_droplets)
    if candidates.ours or _is_remembered(host, account, state):
        return Recognised(host)
    matches, excluded = [], []
    for droplet in (*candidates.of_other_stacks, *candidates.strangers):
        problem = _why_not(droplet, plan, state)
        if problem is None:
            matches.append(droplet)
        else:
            reason = f"droplet {droplet.id} looks like `{host.name}`, and {problem[0]}"
            excluded.append(NotProposed(host.name, (droplet,), reason, problem[1]))
    return Recognised(host, tuple(matches), tuple(excluded))


def _is_remembered(host: HostPlan, account: Account, state: State) -> bool:
    """Say whether the state has a droplet for the host, and the account has it."""
    remembered = state.child(HOST, host.name, DROPLET)
    return remembered is not None and any(
        remembered.id == str(droplet.id) for droplet in account.all_droplets
    )


def _why_not(droplet: LiveDroplet, plan: Plan, state: State) -> tuple[str, str] | None:
    """Return why a droplet is not the host, whatever its name, and what to do; None if it may be.

    The droplet of another host of this stack is known by the state, if its tags are gone.
    """
    if tag := next((tag for tag in droplet.tags if naming.is_owner_tag(tag.lower())), None):
        return (
            f"another stack owns it (tag `{tag}`)",
            "write `lookup: true` for the host if it is of this fleet; else rename the host",
        )
    droplets = (held for held in state.resources if held.type == DROPLET)
    for resource in droplets:
        if resource.id == str(droplet.id):
            return f"is `{resource.name}` of this stack", _CORRECT_THE_MESH
    for host in plan.hosts:
        if host.adopt == droplet.id:
            return f"`{host.name}` adopts it", f"{_CORRECT_THE_MESH}, or the `adopt` of that host"
    return None


_CORRECT_THE_MESH = "correct the host's address in the mesh"
