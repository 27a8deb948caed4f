"""A plan as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra_apply import naming
from infra_apply.plan.model import AccessPlan, HostPlan, Plan, PoolPlan, Source


def outline(plan: Plan) -> Iterator[str]:
    """Yield the lines: hosts with their services, databases, pools, and what is not rendered."""
    yield f"stack {plan.stack} ({plan.environment})"
    access = {(one.host, one.port): one for one in plan.access}
    yield from _section("hosts", len(plan.hosts))
    for host in plan.hosts:
        yield f"  {host.name}  {_made_of(host)}"
        for service in host.services:
            port = f":{service.port}" if service.port is not None else ""
            name = naming.instance(service.project, service.environment)
            who = access.get((host.name, service.port)) if service.port is not None else None
            yield f"    {name}{port}{_from(who)}"
    yield from _section("databases", len(plan.databases))
    widths = _widths(plan.databases, "project", "name")
    for one in plan.databases:
        yield (
            f"  {one.project:{widths[0]}}  {one.name:{widths[1]}}  "
            f"user {one.user} on {one.cluster} (looked up)"
        )
    yield from _section("GPU pools, empty until work waits", len(plan.pools))
    (width,) = _widths(plan.pools, "project")
    for pool in plan.pools:
        yield f"  {pool.project:{width}}  {_limits(pool)}"
    yield from not_rendered(plan)


def notes(plan: Plan) -> dict[tuple[str, str], str]:
    """Say in a few words what each component is: (its type, its name) -> text."""
    found = {}
    for host in plan.rendered_hosts:
        services = ", ".join(
            naming.instance(one.project, one.environment) + (f":{one.port}" if one.port else "")
            for one in host.services
        )
        found["Host", host.name] = f"{host.size} in {host.region}: {services}"
    for one in plan.databases:
        name = naming.instance(one.project, plan.environment)
        found["Database", name] = f"{one.name} and user {one.user} on {one.cluster}, looked up"
    for pool in plan.pools:
        name = naming.instance(pool.project, plan.environment)
        found["Pool", name] = f"empty until work waits, {_limits(pool)}"
    return found


def not_rendered(plan: Plan) -> Iterator[str]:
    """Yield the lines that say which services of the environment are not rendered, and why."""
    yield from _section("services not rendered", len(plan.not_rendered))
    (width,) = _widths(plan.not_rendered, "project")
    for one in plan.not_rendered:
        yield f"  {one.project:{width}}  {one.reason}"


def _section(title: str, count: int) -> Iterator[str]:
    if count:
        yield ""
        yield f"{title} ({count})"


def _widths(rows: Sequence[object], *fields: str) -> list[int]:
    return [max((len(getattr(row, field)) for row in rows), default=0) for field in fields]


def _limits(pool: PoolPlan) -> str:
    sizes = " or ".join(pool.sizes)
    regions = " or ".join(pool.regions) or "any region that has it"
    return f"at most {pool.max_slots} x {sizes} in {regions}"


def _made_of(host: HostPlan) -> str:
    if host.lookup:
        return "looked up: another stack owns it"
    adopted = f", adopts droplet {host.adopt}" if host.adopt else ""
    return f"{host.size} in {host.region}, {host.image}{adopted}"


def _caller(source: Source) -> str:
    name = f"{source.project}@{source.host}" if source.host else source.project
    return f"{name} (via mesh)" if source.via_mesh else name


def _from(access: AccessPlan | None) -> str:
    if access is None:
        return ""
    callers = [_caller(source) for source in access.sources]
    if access.public:
        callers.insert(0, "the world")
    return f"  from {', '.join(callers)}" if callers else "  from nobody"
