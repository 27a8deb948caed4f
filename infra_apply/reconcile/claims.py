"""What the components of a state say of themselves: what hosts carry, and which are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import DATABASE, HOST, POOL, State, StateResource


@dataclass(frozen=True, slots=True)
class Claim:
    """An instance that a host carried when it was last applied, and those that called it."""

    instance: str
    callers: tuple[str, ...] = ()


def claims_of(component: StateResource | None) -> Iterator[Claim]:
    """Yield the instances that a host's component says it carries."""
    services = component.inputs.get("services") if component else None
    if isinstance(services, Mapping):
        for instance, callers in services.items():
            yield Claim(str(instance), tuple(str(caller) for caller in callers or ()))


def planned_names(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Return the names of the components a plan has, by their type."""
    return {
        HOST: frozenset(host.name for host in plan.hosts),
        DATABASE: frozenset(database.instance for database in plan.databases),
        POOL: frozenset(pool.name for pool in plan.pools),
    }


def unplanned(plan: Plan, state: State) -> Iterator[StateResource]:
    """Yield the components that the plan no longer has, those of quarantined projects included."""
    for kind, names in planned_names(plan).items():
        for component in state.components(kind):
            if component.name not in names:
                yield component


def is_quarantined(component: StateResource, plan: Plan) -> bool:
    """Say whether a component is a quarantined instance's, or carries one: it stays as it is."""
    carried = {claim.instance for claim in claims_of(component)}
    return component.name in plan.quarantined or not carried.isdisjoint(plan.quarantined)
