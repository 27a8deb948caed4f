"""Databases and their users: which are there already, whose they are, and what to make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import (
    ANOTHER_CLUSTER,
    GONE_FROM_ACCOUNT,
    NO_DATABASES_ON_CLUSTER,
    NOT_OURS,
    TAKEN_UP,
    UNKNOWN_CLUSTER,
    WOULD_REPLACE,
)
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import WITH_DATABASES, Account, Cluster, Members
from infra_apply.plan.model import DatabasePlan, Plan
from infra_apply.reconcile.logins import (
    Wish,
    decide_logins,
    diagnose_logins,
    find_user,
    has_second,
)
from infra_apply.reconcile.model import DatabaseDecision
from infra_apply.reconcile.quarantine import remembered_members
from infra_apply.reconcile.separation import decide_grants, diagnose_separation
from infra_apply.reconcile.state import DATABASE, LOGICAL_DATABASE, State, StateResource


def diagnose_databases(
    plan: Plan, account: Account, state: State, wish: Wish | None = None
) -> Iterator[Diagnostic]:
    """Report clusters that are not there or cannot hold databases, and names that are taken."""
    for database in plan.databases:
        cluster = account.clusters.get(database.cluster)
        if cluster is None or cluster.engine not in WITH_DATABASES:
            yield from _unusable_cluster(database, account.clusters)
            continue
        for member in _members(database, cluster, account, state, wish):
            yield from _diagnose(member)
    yield from diagnose_separation(plan, account, state)
    yield from diagnose_logins(plan, state, wish)


def decide_databases(
    plan: Plan, account: Account, state: State, wish: Wish | None = None
) -> tuple[DatabaseDecision, ...]:
    """Put each database on its cluster. There are no errors among its diagnostics."""
    decisions = []
    for database in plan.databases:
        cluster = account.clusters[database.cluster]
        user, logical, *second = _members(database, cluster, account, state, wish)
        decisions.append(
            DatabaseDecision(
                database,
                cluster,
                logins=decide_logins(database, state, wish),
                has_second=bool(second),
                import_user=user.import_id,
                import_database=logical.import_id,
                import_second=second[0].import_id if second else None,
                grants=decide_grants(database, cluster, state),
            )
        )
    return tuple(decisions)


def expected_members(plan: Plan, state: State, wish: Wish | None = None) -> dict[str, Members]:
    """Return what may be on each cluster: the databases whose component the state has.

    What quarantined and retired instances have there is among it.
    """
    begun = [held for held in plan.databases if state.component(DATABASE, held.instance)]
    kept = remembered_members(plan, state)
    return {
        cluster: Members(
            kept.get(cluster, Members()).databases
            | {held.name for held in begun if held.cluster == cluster},
            kept.get(cluster, Members()).users
            | {held.user for held in begun if held.cluster == cluster}
            | {
                naming.second_login(held.user)
                for held in begun
                if held.cluster == cluster and has_second(held, state, wish)
            },
        )
        for cluster in {*kept, *(held.cluster for held in plan.databases)}
    }


def may_have_been_made(plan: Plan, account: Account, state: State) -> Iterator[str]:
    """Name the databases and users that are to be made and whose component the state has.

    A second user of which only a wish speaks was never begun.
    """
    for database in plan.databases:
        for member in _members(database, account.clusters[database.cluster], account, state):
            if member.component is not None and not member.is_there and member.remembered is None:
                yield f"{member.kind} {member.name} on {database.cluster}"


@dataclass(frozen=True, slots=True)
class _Member:
    """A planned database or user: what the state has of it, and what the cluster does.

    `live_names` are those of its kind on the cluster. `forgotten` says that, if it is there, an
    update that did not finish made it. `is_second` says that it is a second user, which no manifest
    names.
    """

    plan: DatabasePlan
    cluster: Cluster
    kind: str
    name: str
    adopted: bool
    component: StateResource | None
    remembered: StateResource | None
    live_names: frozenset[str]
    forgotten: bool
    is_second: bool = False

    @property
    def is_there(self) -> bool:
        """Whether the cluster has one of the planned name."""
        return self.name in self.live_names

    @property
    def remembered_name(self) -> str:
        """The name of what the state has; empty if it has none."""
        return str(self.remembered.inputs.get("name", "")) if self.remembered else ""

    @property
    def import_id(self) -> str | None:
        """The provider's import id, if it is to be taken into the state.

        What the state has is never imported, unless it is gone from the cluster.
        """
        known = self.remembered_name in self.live_names
        if not self.is_there or known or not (self.adopted or self.forgotten):
            return None
        return f"{self.cluster.id},{self.name}"

    @property
    def is_taken(self) -> bool:
        """Whether it is there, and not ours."""
        return self.is_there and self.remembered_name != self.name and self.import_id is None

    @property
    def on_another_cluster(self) -> bool:
        """Whether what the state has is on a cluster with another id."""
        on = self.remembered.inputs.get("clusterId") if self.remembered else None
        return on is not None and on != self.cluster.id


def _members(
    database: DatabasePlan,
    cluster: Cluster,
    account: Account,
    state: State,
    wish: Wish | None = None,
) -> tuple[_Member, ...]:
    """Return the user, the database, and the second user if there is to be one, as they are made.

    Each is made once the state has those before it; so if the state lacks one of them, what is
    there of a later one cannot be what an unfinished update made.
    """
    component = state.component(DATABASE, database.instance)
    claims = component.inputs if component else {}
    user = find_user(database, state, database.user)
    logical = state.child(DATABASE, database.instance, LOGICAL_DATABASE)
    users = account.users.get(database.cluster, frozenset())
    databases = account.databases.get(database.cluster, frozenset())
    same_cluster = claims.get("clusterId") == cluster.id
    own = (
        _Member(
            plan=database,
            cluster=cluster,
            kind="user",
            name=database.user,
            adopted=database.adopt_user,
            component=component,
            remembered=user,
            live_names=users,
            forgotten=same_cluster and user is None and claims.get("user") == database.user,
        ),
        _Member(
            plan=database,
            cluster=cluster,
            kind="database",
            name=database.name,
            adopted=database.adopt_database,
            component=component,
            remembered=logical,
            live_names=databases,
            forgotten=same_cluster
            and logical is None
            and user is not None
            and claims.get("name") == database.name,
        ),
    )
    if not has_second(database, state, wish):
        return own
    name = naming.second_login(database.user)
    second = find_user(database, state, name)
    begun = same_cluster and second is None and user is not None and logical is not None
    return (
        *own,
        replace(
            own[0],
            name=name,
            adopted=False,
            remembered=second,
            forgotten=begun and name in (claims.get("logins") or ()),
            is_second=True,
        ),
    )


def _diagnose(member: _Member) -> Iterator[Diagnostic]:
    plan, kind, name = member.plan, member.kind, member.name
    where = f"`{name}` on `{plan.cluster}`"
    if member.on_another_cluster:
        yield _other_cluster(member)
    elif member.remembered and member.remembered_name != name and not member.import_id:
        yield _renamed(member)
    elif member.is_taken:
        message = f"the {kind} {where} is there already, and was not made here"
        hint = (
            f"write `infra-apply:databases: {{{plan.cluster}: {{adopt: [{name}]}}}}` if it is"
            f" `{plan.instance}`'s, else choose another name"
        )
        if member.is_second:
            hint = f"`{plan.user}` takes turns with a user of this name: drop it if nobody needs it"
        yield Diagnostic(NOT_OURS, plan.place, message, hint)
    elif member.import_id and not member.adopted:
        message = f"the {kind} {where} was made by an update that did not finish: it is taken up"
        hint = "if somebody else made it, stop here and choose another name in the manifest"
        yield Diagnostic(TAKEN_UP, plan.place, message, hint)
    elif member.remembered and not member.is_there:
        message = f"the {kind} {where} is gone from the cluster: it is made anew, and empty"
        yield Diagnostic(GONE_FROM_ACCOUNT, plan.place, message, "restore a backup of the cluster")


def _other_cluster(member: _Member) -> Diagnostic:
    plan = member.plan
    message = (
        f"the {member.kind} `{member.remembered_name}` of `{plan.instance}` is on another cluster"
        f" than today's `{plan.cluster}` (id {member.cluster.id})"
    )
    hint = (
        "to move to this cluster, copy the data, remove the `database:` block for two updates with"
        f" `infra-apply:retired: {{{plan.instance}: keep}}`, then put it back and adopt what is"
        " there"
    )
    return Diagnostic(ANOTHER_CLUSTER, plan.place, message, hint)


def _renamed(member: _Member) -> Diagnostic:
    plan, kind = member.plan, member.kind
    message = (
        f"the {kind} `{member.remembered_name}` of `{plan.instance}` is to be called"
        f" `{member.name}`: it would be made anew, and empty"
    )
    hint = (
        f"rename it on the cluster itself (ALTER {kind.upper()} ... RENAME TO ...), then write"
        f" `infra-apply:databases: {{{plan.cluster}: {{adopt: [{member.name}]}}}}`"
    )
    if member.is_second:
        hint = "two users take turns on this database: keep the name of its user in the manifest"
    return Diagnostic(WOULD_REPLACE, plan.place, message, hint)


def _unusable_cluster(
    database: DatabasePlan, clusters: Mapping[str, Cluster]
) -> Iterator[Diagnostic]:
    name = database.cluster
    cluster = clusters.get(name)
    if cluster is None:
        names = ", ".join(f"`{known}`" for known in sorted(clusters)) or "none"
        message = f"the account has no database cluster `{name}`; there are: {names}"
        hint = did_you_mean(name, clusters, otherwise="make the cluster first, it is shared")
        yield Diagnostic(UNKNOWN_CLUSTER, database.place, message, hint)
        return
    message = f"`{name}` is a {cluster.engine} cluster, which has no databases of projects"
    fitting = sorted(other.name for other in clusters.values() if other.engine in WITH_DATABASES)
    hint = f"name one of {', '.join(fitting)}" if fitting else None
    yield Diagnostic(NO_DATABASES_ON_CLUSTER, database.place, message, hint)
