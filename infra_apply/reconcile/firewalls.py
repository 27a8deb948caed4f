"""Firewalls: those to take into the state, those of others, and hosts that get none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import (
    ANOTHER_FIREWALL,
    NOT_OURS,
    TAKEN_UP,
)
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.digitalocean.model import Account, LiveDroplet, LiveFirewall
from infra_apply.plan.model import FirewallPlan, Plan
from infra_apply.reconcile.state import FIREWALL, HOST, POOL, State


@dataclass(frozen=True, slots=True)
class PlannedFirewall:
    """A planned firewall, and the component it belongs to."""

    firewall: FirewallPlan
    component: str
    owner: str
    place: Place


def planned_firewalls(plan: Plan) -> Iterator[PlannedFirewall]:
    """Yield every firewall of a plan's hosts and pools."""
    for host in plan.hosts:
        if host.firewall:
            yield PlannedFirewall(host.firewall, HOST, host.name, host.place)
    for pool in plan.pools:
        if pool.firewall:
            yield PlannedFirewall(pool.firewall, POOL, pool.name, pool.place)


def import_firewalls(plan: Plan, account: Account, state: State) -> dict[str, str]:
    """Return the ids of the live firewalls, by name: those the state lacks are imported."""
    ids = {}
    for planned in planned_firewalls(plan):
        live = _remembered(planned, account, state)
        forgotten = _unremembered(planned, account, state)
        if live is None and forgotten and _attaches(forgotten, planned.firewall):
            live = forgotten
        if live is not None:
            ids[planned.firewall.name] = live.id
    return ids


def diagnose_names_of_firewalls(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report firewalls that the state lacks and whose name is there: taken up, or not ours."""
    for planned in planned_firewalls(plan):
        live = _unremembered(planned, account, state)
        if live is None:
            continue
        name = live.name
        if _attaches(live, planned.firewall):
            message = f"the firewall `{name}` of `{planned.owner}` is taken into the state"
            hint = "its rules become the planned ones; rename it before that if it is not ours"
            yield Diagnostic(TAKEN_UP, planned.place, message, hint)
        else:
            message = (
                f"there is a firewall `{name}` that does not attach to `{planned.firewall.tag}`:"
                " it is not ours, and names of firewalls are unique"
            )
            hint = "rename that firewall in DigitalOcean's console"
            yield Diagnostic(NOT_OURS, planned.place, message, hint)


def diagnose_firewalls(
    plan: Plan, account: Account, state: State, live: Mapping[str, LiveDroplet]
) -> Iterator[Diagnostic]:
    """Report firewalls of others on hosts that are there.

    `live` has the droplet of each host that is there already.
    """
    for host in plan.hosts:
        if host.name in live:
            remembered = state.child(HOST, host.name, FIREWALL)
            own = naming.host_tag(plan.fleet, host.name), remembered.id if remembered else ""
            for name in _foreign(*own, live[host.name], account):
                message = f"the firewall `{name}`, not made here, is on `{host.name}` too"
                hint = "what either of them admits is admitted"
                yield Diagnostic(ANOTHER_FIREWALL, host.place, message, hint)


def _remembered(planned: PlannedFirewall, account: Account, state: State) -> LiveFirewall | None:
    """Return the live firewall that the state has for a planned one."""
    remembered = state.child(planned.component, planned.owner, FIREWALL)
    number = remembered.id if remembered else ""
    return next((live for live in account.firewalls if number and live.id == number), None)


def _unremembered(planned: PlannedFirewall, account: Account, state: State) -> LiveFirewall | None:
    """Return the live firewall with a planned one's name, unless the state's is still there."""
    if _remembered(planned, account, state):
        return None
    name = planned.firewall.name
    return next((firewall for firewall in account.firewalls if firewall.name == name), None)


def _attaches(live: LiveFirewall, planned: FirewallPlan) -> bool:
    return planned.tag.lower() in {tag.lower() for tag in live.tags}


def _foreign(tag: str, number: str, droplet: LiveDroplet, account: Account) -> list[str]:
    """Name the firewalls on a host's droplet that have neither its tag nor its firewall's id."""
    on_droplet = {tag.lower() for tag in droplet.tags}
    return sorted(
        firewall.name
        for firewall in account.firewalls
        if firewall.id != number
        and tag.lower() not in (tags := {tag.lower() for tag in firewall.tags})
        and (droplet.id in firewall.droplet_ids or tags & on_droplet)
    )
