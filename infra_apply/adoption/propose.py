"""(plan, account, state) -> what could be taken over. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from infra_apply.adoption.model import HostProposal, MemberProposal, NotProposed, Proposals
from infra_apply.adoption.recognise import Recognised, recognise
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import DatabasePlan, HostPlan, Plan
from infra_apply.reconcile.state import DATABASE, LOGICAL_DATABASE, USER, State


def propose(plan: Plan, account: Account, state: State) -> Proposals:
    """Propose a droplet for each host, and what exists already of each database and its user.

    What the state remembers is not proposed. A host that is adopted, or whose droplet is this
    stack's already, gets no proposal; neither does one with `create`. No droplet is proposed that
    another host could be too, that another stack owns, or that is a slot of a GPU pool. `account`
    has the droplets, those with a GPU too, and the plan's clusters with their databases and users.
    """
    recognised = [
        recognise(host, plan, account, state)
        for host in plan.hosts
        if host.adopt is None and not host.create
    ]
    claims = Counter(droplet.id for entry in recognised for droplet in entry.matches)
    return Proposals(
        hosts=tuple(
            HostProposal(entry.host.name, droplet.id, _reason(entry.host, droplet))
            for entry in recognised
            for droplet in entry.matches
            if len(entry.matches) == claims[droplet.id] == 1
        ),
        members=tuple(_members(plan, account, state)),
        not_proposed=tuple(
            problem for entry in recognised for problem in _problems(entry, recognised, claims)
        ),
    )


def _reason(host: HostPlan, droplet: LiveDroplet) -> str:
    if droplet.name.lower() == host.name.lower():
        return f"droplet {droplet.id} is called `{droplet.name}`"
    return (
        f"droplet {droplet.id}, called `{droplet.name}`, has its address in the mesh, "
        f"{host.address}"
    )


def _problems(
    entry: Recognised, recognised: list[Recognised], claims: Mapping[int, int]
) -> Iterator[NotProposed]:
    yield from entry.excluded
    name = entry.host.name
    if len(entry.matches) > 1:
        yield NotProposed(
            name,
            entry.matches,
            f"`{name}` could be any of {len(entry.matches)} droplets",
            f"look which one is in use, and write its id: `{name}: {{adopt: ID}}`",
        )
    for droplet in entry.matches:
        if claims[droplet.id] > 1:
            others = ", ".join(
                f"`{other.host.name}`"
                for other in recognised
                if other is not entry and droplet in other.matches
            )
            yield NotProposed(
                name,
                (droplet,),
                f"droplet {droplet.id} could be `{name}` and {others}",
                f"write its id for the one that it is: `{name}: {{adopt: {droplet.id}}}`",
            )


def _members(plan: Plan, account: Account, state: State) -> Iterator[MemberProposal]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for database in plan.databases:
        for kind, name in _existing(database, account, state):
            reasons.setdefault((database.cluster, name), []).append(
                f"the {kind} of {database.instance}"
            )
    for (cluster, name), kinds in sorted(reasons.items()):
        yield MemberProposal(cluster, name, f"it exists already as {' and '.join(kinds)}")


def _existing(database: DatabasePlan, account: Account, state: State) -> Iterator[tuple[str, str]]:
    """Yield the kind and name of what exists of a database, is not adopted and not in the state."""
    cluster = account.clusters.get(database.cluster)
    if cluster is None:
        return
    for kind, child, name, live, is_adopted in (
        ("database", LOGICAL_DATABASE, database.name, account.databases, database.adopt_database),
        ("user", USER, database.user, account.users, database.adopt_user),
    ):
        remembered = state.child(DATABASE, database.instance, child)
        inputs = remembered.inputs if remembered else {}
        is_remembered = (inputs.get("clusterId"), inputs.get("name")) == (cluster.id, name)
        if name in live.get(cluster.name, ()) and not is_adopted and not is_remembered:
            yield kind, name
