"""(plan, settings, mesh, account) -> what could be taken over. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from infra_apply import naming
from infra_apply.adoption.model import HostProposal, MemberProposal, NotProposed, Proposals
from infra_apply.adoption.recognise import Owners, Recognised, recognise
from infra_apply.adoption.remembered import Remembered
from infra_apply.digitalocean.model import Account
from infra_apply.inputs.mesh import Host
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import Plan


def propose(
    plan: Plan,
    settings: Settings,
    mesh_hosts: Mapping[str, Host],
    account: Account,
    remembered: Remembered,
) -> Proposals:
    """Propose a droplet for each host, and what exists already of each database and its user.

    What the stack remembers is not proposed. A host that is adopted, or whose droplet is this
    stack's already, gets no proposal; neither does one with `create`. No droplet is proposed that
    another host could be too, that another stack owns, or that is a slot of a GPU pool. `account`
    has the GPU droplets where a host has a GPU size, and the plan's clusters with their databases
    and users.
    """
    owners = Owners(
        naming.owner_tag(plan.fleet, plan.environment),
        adopted={
            entry.adopt: name for name, entry in settings.hosts.items() if entry.adopt is not None
        },
        remembered={number: name for name, number in remembered.droplets.items()},
    )
    recognised = [
        recognise(host, owners, mesh_hosts.get(host.name), account)
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
        members=tuple(_members(plan, settings, account, remembered)),
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


def _members(
    plan: Plan, settings: Settings, account: Account, remembered: Remembered
) -> Iterator[MemberProposal]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for database in plan.databases:
        cluster = account.clusters.get(database.cluster)
        if cluster is None:
            continue
        project = naming.instance(database.project, plan.environment)
        for kind, name, live, known in (
            ("database", database.name, account.databases, remembered.databases),
            ("user", database.user, account.users, remembered.users),
        ):
            if name in live.get(cluster.name, ()) and (cluster.id, name) not in known:
                reasons.setdefault((cluster.name, name), []).append(f"the {kind} of {project}")
    for (cluster_name, name), kinds in sorted(reasons.items()):
        own = settings.clusters.get(cluster_name)
        if own is None or name not in own.adopt:
            reason = f"it exists already as {' and '.join(kinds)}"
            yield MemberProposal(cluster_name, name, reason)
