"""(plan, settings, mesh, account) -> what could be taken over. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from infra_apply import naming
from infra_apply.adoption.model import HostProposal, MemberProposal, NotProposed, Proposals
from infra_apply.adoption.recognise import Recognised, recognise
from infra_apply.digitalocean.model import Account
from infra_apply.inputs.mesh import Host
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import DatabasePlan, Plan


def propose(
    plan: Plan, settings: Settings, mesh_hosts: Mapping[str, Host], account: Account
) -> Proposals:
    """Propose a droplet for each host, and what exists already of each database and its user.

    A host that is adopted, or whose droplet is this stack's already, gets no proposal; neither
    does one with `create`. No droplet is proposed that another host could be too, that another
    stack owns, or that is a slot of a GPU pool. `account` has the GPU droplets where a host has a
    GPU size, and the databases and users of the plan's clusters.
    """
    recognised = [
        recognise(host, plan, settings, mesh_hosts.get(host.name), account)
        for host in plan.hosts
        if settings.host(host.name).adopt is None and not settings.host(host.name).create
    ]
    claims = Counter(match.droplet.id for host in recognised for match in host.matches)
    clear = [host for host in recognised if _is_clear(host, claims)]
    return Proposals(
        hosts=tuple(
            HostProposal(host.name, match.droplet.id, match.reason)
            for host in clear
            for match in host.matches
        ),
        members=tuple(_members(plan, settings, account)),
        not_proposed=tuple(
            problem for host in recognised for problem in _problems(host, recognised, claims)
        ),
    )


def _is_clear(host: Recognised, claims: Mapping[int, int]) -> bool:
    return len(host.matches) == 1 and claims[host.matches[0].droplet.id] == 1


def _problems(
    host: Recognised, hosts: list[Recognised], claims: Mapping[int, int]
) -> Iterator[NotProposed]:
    yield from host.excluded
    droplets = tuple(match.droplet for match in host.matches)
    if len(droplets) > 1:
        yield NotProposed(
            host.name,
            droplets,
            f"`{host.name}` could be any of {len(droplets)} droplets",
            f"look which one is in use, and write its id: `{host.name}: {{adopt: ID}}`",
        )
    for droplet in droplets:
        if claims[droplet.id] > 1:
            others = [
                f"`{other.name}`"
                for other in hosts
                if other.name != host.name
                and any(match.droplet.id == droplet.id for match in other.matches)
            ]
            yield NotProposed(
                host.name,
                (droplet,),
                f"droplet {droplet.id} could be `{host.name}` and {', '.join(others)}",
                f"write its id for the one that it is: `{host.name}: {{adopt: {droplet.id}}}`",
            )


def _members(plan: Plan, settings: Settings, account: Account) -> Iterator[MemberProposal]:
    databases_by_cluster: dict[str, list[DatabasePlan]] = {}
    for database in plan.databases:
        databases_by_cluster.setdefault(database.cluster, []).append(database)
    for cluster, databases in sorted(databases_by_cluster.items()):
        own = settings.clusters.get(cluster)
        adopted = own.adopt if own else ()
        reasons: dict[str, list[str]] = {}
        for database in databases:
            project = naming.instance(database.project, plan.environment)
            if database.name in account.databases.get(cluster, ()):
                reasons.setdefault(database.name, []).append(f"the database of {project}")
            if database.user in account.users.get(cluster, ()):
                reasons.setdefault(database.user, []).append(f"the user of {project}")
        for name, why in sorted(reasons.items()):
            if name not in adopted:
                yield MemberProposal(cluster, name, f"it exists already as {' and '.join(why)}")
