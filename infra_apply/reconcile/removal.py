"""What the state remembers and the plan no longer has: nothing of it goes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import (
    ANOTHER_THAN_REMEMBERED,
    LETTING_GO,
    NO_LONGER_PLANNED,
    RETIRED_AND_PLANNED,
    SERVICE_LEFT_HOST,
)
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.digitalocean.model import Account
from infra_apply.plan.model import Plan
from infra_apply.reconcile.claims import (
    Claim,
    claims_of,
    is_quarantined,
    planned_names,
    unplanned,
)
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.recognition import has_tag, is_on_account, is_slot
from infra_apply.reconcile.state import (
    DATABASE,
    DROPLET,
    FIREWALL,
    HOST,
    POOL,
    State,
    StateResource,
)


def diagnose_removals(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report what would go, and is not retired; and what is retired and cannot go yet."""
    yield from _gone_components(plan, state)
    yield from _gone_firewalls(plan, state)
    yield from _gone_instances(plan, state)
    yield from _retired_and_planned(plan)
    yield from _still_carrying(plan, state)
    yield from _unremembered(plan, account, state)
    for retirement in decide_retirements(plan, account, state):
        name, fate = retirement.component.name, retirement.fate
        message = (
            f"{_KINDS[retirement.component.type]} `{name}` is retired: its protection is lifted"
        )
        after = "destroys it" if fate == "destroy" else "lets go of it, and it stays on the account"
        hint = f"{APPLY_ONCE_MORE} {after}"
        yield Diagnostic(LETTING_GO, _place(plan, name), message, hint)


def decide_retirements(plan: Plan, account: Account, state: State) -> tuple[Retirement, ...]:
    """Return what is retired and still protected: it is rendered once more, without protection.

    What somebody has deleted on the account is not: it would be made again, only to be let go.
    """
    there = (
        replace(
            retirement,
            children=tuple(child for child in retirement.children if is_on_account(child, account)),
        )
        for retirement in find_retired(plan, state)
    )
    return tuple(retirement for retirement in there if is_held(retirement))


def find_retired(plan: Plan, state: State) -> tuple[Retirement, ...]:
    """Return all that is retired and that the state still has, protected or not."""
    retirements = []
    for component in _unplanned(plan, state):
        fate = plan.retired.get(component.name)
        children = tuple(child for child in state.children(component) if child.id)
        if fate and children:
            retirements.append(Retirement(component, children, fate))
    return tuple(retirements)


def is_held(retirement: Retirement) -> bool:
    """Say whether letting go now would be refused of a part, or do other than its fate says."""
    keep = retirement.fate == "keep"
    return any(child.protect or child.retain != keep for child in retirement.children)


def _unplanned(plan: Plan, state: State) -> Iterator[StateResource]:
    """Yield the components that the plan no longer has, but for what is quarantined."""
    return (
        component for component in unplanned(plan, state) if not is_quarantined(component, plan)
    )


def _gone_components(plan: Plan, state: State) -> Iterator[Diagnostic]:
    for component in _unplanned(plan, state):
        name = component.name
        if name in plan.retired:
            continue
        message = f"{_KINDS[component.type]} `{name}` is in the state and no longer planned"
        message += _last_known(component)
        yield _no_longer_planned(plan, name, message)


def _gone_firewalls(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report firewalls whose host or pool stays, and would stand open without them."""
    ssh = "put `infra-apply:network: {ssh: ...}` back, with `[]` for nobody"
    unmanaged = {(POOL, pool.name): ssh for pool in plan.pools if not pool.firewall}
    for host in plan.hosts:
        if not host.firewall:
            adopted = f"write `{host.name}: {{firewall: managed}}` in `hosts`"
            unmanaged[HOST, host.name] = adopted if host.adopt else ssh
    for (kind, name), hint in unmanaged.items():
        if state.child(kind, name, FIREWALL):
            message = f"the firewall of `{name}` would be deleted: all its ports would be open"
            yield Diagnostic(NO_LONGER_PLANNED, plan.place, message, hint)


def _gone_instances(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report instances without a manifest that hosts carry, or whose callers' ports are open.

    A service that left a host and has a manifest is only named: its files stay behind.
    """
    accounted = {*plan.declared, *plan.retired, *plan.quarantined}
    reported: set[str] = {component.name for component in _unplanned(plan, state)}
    for host in plan.hosts:
        component = state.component(HOST, host.name)
        for claim in claims_of(component):
            carried = {service.name for service in host.services}
            for instance in (claim.instance, *claim.callers):
                if instance in {*accounted, *reported}:
                    continue
                reported.add(instance)
                yield _gone_instance(plan, instance, host.name, claim)
            if claim.instance in plan.declared and claim.instance not in carried:
                message = f"`{claim.instance}` no longer runs on `{host.name}`"
                hint = f"its files stay on `{host.name}`; move what it needs"
                yield Diagnostic(SERVICE_LEFT_HOST, host.place, message, hint)


def _gone_instance(plan: Plan, instance: str, host: str, claim: Claim) -> Diagnostic:
    if instance == claim.instance:
        message = f"`{instance}` runs on `{host}` as far as the state knows, and has no manifest"
        if claim.callers:
            message += f"; {', '.join(f'`{caller}`' for caller in claim.callers)} depend on it"
    else:
        message = f"`{instance}` calls `{claim.instance}` on `{host}`, and has no manifest"
    return _no_longer_planned(plan, instance, message)


def _no_longer_planned(plan: Plan, name: str, message: str) -> Diagnostic:
    hint = (
        "bring its manifest back (a folder that is not checked out, a glob that matches less?), or"
        f" write `infra-apply:retired: {{{name}: keep}}`, or `destroy`"
    )
    return Diagnostic(NO_LONGER_PLANNED, plan.place, message, hint)


def _last_known(component: StateResource) -> str:
    """Say where something was declared, and what depends on it, as far as the state knows."""
    known = []
    if manifest := component.outputs.get("manifest"):
        known.append(f"last declared in {manifest}")
    services = [claim.instance for claim in claims_of(component)]
    if services:
        known.append(f"it carries {', '.join(f'`{name}`' for name in services)}")
    callers = sorted({caller for claim in claims_of(component) for caller in claim.callers})
    if callers:
        known.append(f"{', '.join(f'`{name}`' for name in callers)} depend on it")
    return f" ({'; '.join(known)})" if known else ""


def _retired_and_planned(plan: Plan) -> Iterator[Diagnostic]:
    for kind, names in planned_names(plan).items():
        for name in sorted(names & plan.retired.keys()):
            message = f"{_KINDS[kind]} `{name}` is retired, and planned"
            hint = f"remove `{name}` from `infra-apply:retired`, or what declares it"
            yield Diagnostic(RETIRED_AND_PLANNED, _place(plan, name), message, hint)


def _still_carrying(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report hosts that are to be destroyed and still carry a service that is not accounted for."""
    for component in _unplanned(plan, state):
        if component.type != HOST or plan.retired.get(component.name) != "destroy":
            continue
        for claim in claims_of(component):
            if claim.instance not in {*plan.declared, *plan.retired}:
                message = (
                    f"the host `{component.name}` is to be destroyed, and carries"
                    f" `{claim.instance}` as far as the state knows, which has no manifest"
                )
                yield _no_longer_planned(plan, claim.instance, message)


def _unremembered(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report droplets of hosts that are to be destroyed, where the state does not have them.

    An update that did not finish made them: they would stay, and bill, and nothing would know them.
    """
    planned = {host.name for host in plan.hosts}
    owner = naming.owner_tag(plan.fleet, plan.environment)
    for name in sorted(plan.retired.keys() - planned):
        remembered = state.child(HOST, name, DROPLET)
        for droplet in account.all_droplets:
            ours = has_tag(droplet, owner) and has_tag(droplet, naming.host_tag(plan.fleet, name))
            known = remembered is not None and remembered.id == str(droplet.id)
            if plan.retired[name] != "destroy" or not ours or known or is_slot(droplet):
                continue
            message = (
                f"the host `{name}` is to be destroyed, and droplet {droplet.id} has its tag, which"
                " the state does not have: it would stay, and bill"
            )
            hint = (
                f"bring `{name}` back and apply once, so that it is taken into the state; then"
                " retire it"
            )
            yield Diagnostic(ANOTHER_THAN_REMEMBERED, _place(plan, name), message, hint)


def _place(plan: Plan, name: str) -> Place:
    return plan.retired_places.get(name, plan.place)


APPLY_ONCE_MORE: Final = "apply once more: that"
"""How a plain update says that another one lets go; `infra-apply up` does it by itself."""
_KINDS: Final = {HOST: "the host", DATABASE: "the database of", POOL: "the GPU pool"}
