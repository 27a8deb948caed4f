"""What quarantined projects have stays exactly as the state has it.

Their manifests are not read, so the plan lacks them. Here it gets back what hosts that others use
too have of theirs, and what is theirs alone is planned from memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import (
    AT_ODDS_WITH_QUARANTINE,
    GONE_FROM_ACCOUNT,
    RETIRED_AND_PLANNED,
)
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, Members
from infra_apply.plan.model import HostPlan, Plan, ServicePlan
from infra_apply.reconcile.claims import claims_of, is_quarantined, unplanned
from infra_apply.reconcile.kept_rules import remembered_rules, with_kept_rules
from infra_apply.reconcile.model import Remembered
from infra_apply.reconcile.recognition import is_on_account
from infra_apply.reconcile.state import (
    DATABASE,
    DROPLET,
    FIREWALL,
    GRANTS,
    HOST,
    LOGICAL_DATABASE,
    STACK,
    TAG,
    USER,
    State,
    StateResource,
)


def with_quarantined(plan: Plan, state: State) -> Plan:
    """Return the plan whose hosts keep the claims, tags and rules of quarantined instances."""
    if not plan.quarantined:
        return plan
    return replace(plan, hosts=tuple(_with_kept(host, plan, state) for host in plan.hosts))


def decide_quarantined(plan: Plan, account: Account, state: State) -> tuple[Remembered, ...]:
    """Return the components to render from memory, each with its children that are still there."""
    return tuple(
        Remembered(
            component,
            tuple(child for child in state.children(component) if is_on_account(child, account)),
        )
        for component in unplanned(plan, state)
        if is_quarantined(component, plan)
    )


def kept_tags(remembered: Sequence[Remembered], state: State) -> tuple[str, ...]:
    """Return the tags, of those that the state has, which firewalls rendered from memory name."""
    named: set[str] = set()
    for firewall in (child for kept in remembered for child in kept.children):
        if firewall.type == FIREWALL:
            named.update(str(tag) for tag in firewall.inputs.get("tags") or ())
            named.update(tag for rule in remembered_rules(firewall) for tag in rule.tags)
    return tuple(sorted(named & {held.name for held in state.resources if held.type == TAG}))


def kept_outputs(
    plan: Plan, remembered: Sequence[Remembered], state: State
) -> Mapping[str, Mapping[str, Any]]:
    """Return what the stack's outputs have of what is quarantined, without secrets.

    By the output's name, and then by the host's or the project's.
    """
    hosts = {kept.component.name for kept in remembered if kept.component.type == HOST}
    projects = {
        project
        for project, environment in plan.quarantined.values()
        if environment == plan.environment
    }
    kept = {}
    for output, names in (("hosts", hosts), ("instances", projects), ("pools", projects)):
        values = _outputs(state).get(output)
        if isinstance(values, Mapping):
            kept[output] = {
                name: {key: facts[key] for key in facts if key != "env"}
                for name, facts in values.items()
                if name in names and isinstance(facts, Mapping)
            }
    return kept


def remembered_members(plan: Plan, state: State) -> dict[str, Members]:
    """Return what is rendered from memory on each cluster, as far as the state knows."""
    return _members_of(
        (
            component
            for component in unplanned(plan, state)
            if component.name in plan.retired or is_quarantined(component, plan)
        ),
        state,
    )


def _members_of(components: Iterable[StateResource], state: State) -> dict[str, Members]:
    members: dict[str, Members] = {}
    for component in components:
        if component.type == DATABASE:
            cluster, name, user = (
                str(component.inputs.get(key)) for key in ("cluster", "name", "user")
            )
            known = members.get(cluster, Members())
            users = {user, *(str(login) for login in component.inputs.get("logins") or ())}
            held = (child for child in state.children(component) if child.type == USER)
            users |= {str(child.inputs["name"]) for child in held if "name" in child.inputs}
            members[cluster] = Members(known.databases | {name}, known.users | users)
    return members


def diagnose_quarantine(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report what is at odds with the quarantine, and what is gone from the account."""
    if not plan.quarantined:
        return
    yield from _without_claims(plan, state)
    yield from _ports(plan, state)
    yield from _members(plan, state)
    for component in unplanned(plan, state):
        if is_quarantined(component, plan):
            yield from _component(plan, component, account, state)


def _with_kept(host: HostPlan, plan: Plan, state: State) -> HostPlan:
    component = state.component(HOST, host.name)
    claims = {claim.instance: claim.callers for claim in claims_of(component)}
    kept = {name: callers for name, callers in claims.items() if name in plan.quarantined}
    callers = {caller for named in claims.values() for caller in named} & plan.quarantined.keys()
    if component is None or not (kept or callers):
        return host
    services = [
        replace(service, callers=_with_callers(service, claims, callers))
        for service in host.services
    ]
    services += (
        ServicePlan(*plan.quarantined[name], None, None, None, named)
        for name, named in kept.items()
    )
    droplet = host.droplet
    if kept:
        tags = {*droplet.tags, *_kept_tags(component, plan, state)}
        droplet = replace(droplet, tags=tuple(sorted(tags)))
    return replace(
        host,
        services=tuple(sorted(services, key=lambda service: service.name)),
        droplet=droplet,
        firewall=host.firewall and with_kept_rules(host.firewall, plan, state, host.name, callers),
    )


def _with_callers(
    service: ServicePlan, claims: Mapping[str, Sequence[str]], quarantined: set[str]
) -> tuple[str, ...]:
    kept = quarantined.intersection(claims.get(service.name, ()))
    return tuple(sorted({*service.callers, *kept}))


def _kept_tags(component: StateResource, plan: Plan, state: State) -> Iterator[str]:
    """Yield the tags of a host that its quarantined instances may need: projects', and the others.

    Which cluster an instance of another stack uses is not known here, so those tags all stay.
    """
    projects = {naming.project_tag(project) for project, _ in plan.quarantined.values()}
    droplet = state.child(HOST, component.name, DROPLET)
    claimed = component.inputs.get("tags") or (droplet.inputs.get("tags") if droplet else None)
    for tag in claimed or ():
        if tag in projects or str(tag).startswith(("db:", "env:")):
            yield str(tag)


def _component(
    plan: Plan, component: StateResource, account: Account, state: State
) -> Iterator[Diagnostic]:
    what = f"`{component.name}` ({component.type.rpartition(':')[2].lower()})"
    if component.name in plan.retired:
        place = plan.retired_places.get(component.name, plan.place)
        message = f"{what} is retired, and is or carries what is quarantined: it stays as it is"
        hint = f"remove `{component.name}` from `infra-apply:retired`, or end the quarantine"
        yield Diagnostic(RETIRED_AND_PLANNED, place, message, hint)
    for child in state.children(component):
        kind = child.type.rpartition(":")[2]
        if child.type not in _KEPT_KINDS:
            message = f"{what} is quarantined, and its {kind} cannot be rendered from memory"
            yield Diagnostic(AT_ODDS_WITH_QUARANTINE, plan.place, message, _END)
        elif not is_on_account(child, account):
            message = f"{kind} {child.id} of {what}, which is quarantined, is gone from the account"
            hint = "it is made anew once the quarantine ends"
            yield Diagnostic(GONE_FROM_ACCOUNT, plan.place, message, hint)


def _without_claims(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report hosts whose state is of a version that did not write down what they carry."""
    for component in state.components(HOST):
        if not isinstance(component.inputs.get("services"), Mapping):
            message = (
                f"the state of the host `{component.name}` does not say what it carries, so what"
                " is quarantined there is not known"
            )
            hint = "apply once without `owners.quarantined`; that writes it down"
            yield Diagnostic(AT_ODDS_WITH_QUARANTINE, plan.place, message, hint)


def _ports(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report planned services on the port of a quarantined one, or on what may be its port."""
    for host in plan.hosts:
        claims = {claim.instance for claim in claims_of(state.component(HOST, host.name))}
        kept = sorted(claims & plan.quarantined.keys())
        ports = {name: _known_port(name, plan, state) for name in kept}
        unknown = [name for name, port in ports.items() if port is None]
        firewall = state.child(HOST, host.name, FIREWALL) if unknown else None
        open_ports = {rule.ports for rule in remembered_rules(firewall)} if firewall else set()
        for service in host.services:
            port, name = str(service.port), service.name
            former = _port_of_outputs(service.project, service.environment, plan, state)
            is_new = name not in claims or (former or port) != port
            for other in kept:
                if ports[other] == port:
                    yield _port_taken(host, port, f"is `{other}`'s")
                elif other in unknown and is_new and port in open_ports:
                    yield _port_taken(host, port, f"may be `{other}`'s")


def _port_taken(host: HostPlan, port: str, whose: str) -> Diagnostic:
    message = f"port {port} on `{host.name}` {whose}, which is quarantined"
    hint = "take another port: its callers would be let in to what listens there"
    return Diagnostic(AT_ODDS_WITH_QUARANTINE, host.place, message, hint)


def _known_port(name: str, plan: Plan, state: State) -> str | None:
    """Return a quarantined instance's port: the outputs of its own stack know it, or the mesh."""
    project, environment = plan.quarantined[name]
    port = _port_of_outputs(project, environment, plan, state)
    return port or (str(plan.quarantined_ports[name]) if name in plan.quarantined_ports else None)


def _port_of_outputs(project: str, environment: str, plan: Plan, state: State) -> str | None:
    """Return the port of an instance's URL in the outputs of its stack, if that is this one."""
    facts: Any = _outputs(state).get("instances") if environment == plan.environment else None
    for key in (project, "place", "url"):
        facts = facts.get(key) if isinstance(facts, Mapping) else None
    match = _PORT.search(facts) if isinstance(facts, str) else None
    return match[1] if match else None


def _members(plan: Plan, state: State) -> Iterator[Diagnostic]:
    """Report planned databases and users that are a quarantined instance's."""
    kept = (held for held in unplanned(plan, state) if is_quarantined(held, plan))
    taken = _members_of(kept, state)
    for database in plan.databases:
        members = taken.get(database.cluster, Members())
        for kind, name, names in (
            ("database", database.name, members.databases),
            ("user", database.user, members.users),
        ):
            if name in names:
                message = f"the {kind} `{name}` on `{database.cluster}` is a quarantined project's"
                hint = "choose another name, or end the quarantine"
                yield Diagnostic(AT_ODDS_WITH_QUARANTINE, database.place, message, hint)


def _outputs(state: State) -> Mapping[str, Any]:
    return next((held.outputs for held in state.resources if held.type == STACK), {})


_KEPT_KINDS: Final = frozenset({DROPLET, FIREWALL, GRANTS, LOGICAL_DATABASE, USER})
_PORT: Final = re.compile(r":([0-9]+)$")
_END: Final = "end the quarantine: remove the project from `owners.quarantined`"
