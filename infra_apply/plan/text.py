"""A plan as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply import naming
from infra_apply.plan.model import (
    AccessPlan,
    Caller,
    DatabasePlan,
    HostPlan,
    LookedUpHost,
    Plan,
    PoolPlan,
    ServicePlan,
)
from infra_apply.terminal.layout import table
from infra_apply.terminal.safe_text import printable


def lines(plan: Plan) -> Iterator[str]:
    """Yield the lines: hosts with their services, databases, pools, and what is not rendered."""
    yield printable(f"stack {plan.stack} ({plan.environment})")
    yield from _hosts(plan)
    yield from _section("databases", len(plan.databases))
    yield from table(
        [
            (
                database.project,
                database.name,
                f"user {database.user} on {database.cluster} (looked up){_open(database)}",
            )
            for database in plan.databases
        ],
        indent="  ",
    )
    yield from _section("GPU pools, empty until work waits", len(plan.pools))
    yield from table([(pool.project, _limits(pool)) for pool in plan.pools], indent="  ")
    yield from not_rendered(plan)


def _open(database: DatabasePlan) -> str:
    return ", open to others: isolation is off" if database.isolation == "off" else ""


def notes(plan: Plan) -> dict[tuple[str, str], str]:
    """Say in a few words what each component is: (its type, its name) -> text."""
    texts = {}
    for host in plan.hosts:
        services = ", ".join(_service(service) for service in host.services)
        texts["Host", host.name] = f"{host.droplet.size} in {host.droplet.region}: {services}"
    for database in plan.databases:
        name = naming.instance(database.project, plan.environment)
        texts["Database", name] = (
            f"{database.name} and user {database.user} on {database.cluster}, looked up"
            f"{_open(database)}"
        )
    for pool in plan.pools:
        name = naming.instance(pool.project, plan.environment)
        texts["Pool", name] = f"empty until work waits, {_limits(pool)}"
    for kind in ("Host", "Database", "Pool"):
        for name in plan.quarantined:
            texts.setdefault((kind, name), "quarantined: it stays as it is")
    return texts


def not_rendered(plan: Plan) -> Iterator[str]:
    """Yield the lines that say which services of the environment are not rendered, and why."""
    yield from _section("services not rendered", len(plan.not_rendered))
    rows = [(instance.project, instance.reason) for instance in plan.not_rendered]
    yield from table(rows, indent="  ")


def _hosts(plan: Plan) -> Iterator[str]:
    access = {(entry.host, entry.port): entry for entry in plan.access}
    yield from _section("hosts", len(plan.all_hosts))
    for host in plan.all_hosts:
        yield printable(f"  {host.name}  {_made_of(host)}")
        for service in host.services:
            entry = access.get((host.name, service.port)) if service.port is not None else None
            yield printable(f"    {_service(service)}{_from(entry)}")


def _section(title: str, count: int) -> Iterator[str]:
    if count:
        yield ""
        yield f"{title} ({count})"


def _service(service: ServicePlan) -> str:
    name = naming.instance(service.project, service.environment)
    return name if service.port is None else f"{name}:{service.port}"


def _limits(pool: PoolPlan) -> str:
    sizes = " or ".join(pool.sizes)
    regions = " or ".join(pool.regions) or "any region that has it"
    return f"at most {pool.max_slots} x {sizes} in {regions}"


def _made_of(host: HostPlan | LookedUpHost) -> str:
    if isinstance(host, LookedUpHost):
        return "looked up: another stack owns it"
    adopted = f", adopts droplet {host.adopt}" if host.adopt else ""
    return f"{host.droplet.size} in {host.droplet.region}, {host.droplet.image}{adopted}"


def _caller(caller: Caller) -> str:
    name = f"{caller.project}@{caller.host}" if caller.host else caller.project
    return f"{name} (via mesh)" if caller.via_mesh else name


def _from(access: AccessPlan | None) -> str:
    if access is None:
        return ""
    callers = [_caller(caller) for caller in access.callers]
    if access.public:
        callers.insert(0, "the world")
    return f"  from {', '.join(callers)}" if callers else "  from nobody"
