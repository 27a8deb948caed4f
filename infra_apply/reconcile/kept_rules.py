"""Rules of a host's firewall that stay because a quarantined project may need them.

The state's claims say which instances a host carries and who calls them, and not on which port. So
a rule whose port is no planned service's stays as the state has it, and on the port of a planned
service those sources stay that are a quarantined caller's, or may be. Nothing is ever added to what
the state has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any, Final

from infra_apply import naming
from infra_apply.plan.firewalls import ANYWHERE
from infra_apply.plan.model import FirewallPlan, InboundRule, Plan
from infra_apply.reconcile.claims import claims_of
from infra_apply.reconcile.state import FIREWALL, HOST, State, StateResource


def with_kept_rules(
    firewall: FirewallPlan, plan: Plan, state: State, host: str, callers: Collection[str]
) -> FirewallPlan:
    """Return a host's firewall with what it keeps; `callers` are the quarantined ones."""
    remembered = state.child(HOST, host, FIREWALL)
    if remembered is None:
        return firewall
    ports = {str(entry.port) for entry in plan.access if entry.host == host}
    sources = _tags_of(callers, plan, state)
    rules = list(firewall.inbound)
    for rule in remembered_rules(remembered):
        if rule in rules or _is_operators(rule):
            continue
        if rule.ports not in ports:
            rules.append(rule)
        elif callers:
            _keep_sources(rule, rules, sources)
    return replace(firewall, inbound=tuple(sorted(rules)))


def remembered_rules(firewall: StateResource) -> Iterator[InboundRule]:
    """Yield the rules that let traffic in, as the state has them."""
    rules = firewall.inputs.get("inboundRules")
    for rule in rules if isinstance(rules, list) else ():
        addresses, tags = _texts(rule, "sourceAddresses"), _texts(rule, "sourceTags")
        if addresses or tags:
            protocol, ports = str(rule.get("protocol", "")), str(rule.get("portRange", ""))
            yield InboundRule(protocol, ports, addresses, tags)


def _texts(rule: Any, key: str) -> tuple[str, ...]:
    return tuple(sorted(str(text) for text in rule.get(key) or ()))


def _is_operators(rule: InboundRule) -> bool:
    """Say whether a rule cannot be a service's: those are TCP, and never on the port of ssh."""
    return rule.protocol != "tcp" or rule.ports == _SSH


def _tags_of(callers: Collection[str], plan: Plan, state: State) -> frozenset[str] | None:
    """Return the tags that callers come from; None if it is not known of one of them."""
    tags: set[str] = set()
    for caller in callers:
        hosts = [
            component.name
            for component in state.components(HOST)
            if caller in {claim.instance for claim in claims_of(component)}
        ]
        if not hosts:
            return None
        tags.update(naming.host_tag(plan.fleet, host) for host in hosts)
        tags.add(naming.pool_tag(plan.fleet, *plan.quarantined[caller]))
    former = {naming.former_tag(plan.fleet, tag) or tag for tag in tags}
    return frozenset(tags | former)


def _keep_sources(
    remembered: InboundRule, rules: list[InboundRule], sources: frozenset[str] | None
) -> None:
    """Add to the rules of a planned port the quarantined callers' sources that they lack."""
    same_port = [
        rule
        for rule in rules
        if (rule.protocol, rule.ports) == (remembered.protocol, remembered.ports)
    ]
    admitted = {text for rule in same_port for text in (*rule.addresses, *rule.tags)}
    tags = {tag for tag in remembered.tags if sources is None or tag in sources} - admitted
    # The world is admitted by the settings alone, and never for a caller's sake.
    addresses = set(remembered.addresses if sources is None else ()) - admitted - set(ANYWHERE)
    if not (tags or addresses):
        return
    wider = {*remembered.addresses, *remembered.tags}
    fitting = [rule for rule in same_port if wider.issuperset((*rule.addresses, *rule.tags))]
    basis = next(iter(fitting or same_port), None)
    if basis is not None:
        rules.remove(basis)
        tags.update(basis.tags)
        addresses.update(basis.addresses)
    rules.append(replace(remembered, addresses=tuple(sorted(addresses)), tags=tuple(sorted(tags))))


_SSH: Final = "22"
