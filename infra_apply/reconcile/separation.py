"""What keeps the databases of a cluster apart: as far as its engine can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from infra_apply.diagnostics.cloud_codes import (
    DEFAULT_IS_CLOSED,
    OPEN_TO_EVERYBODY,
    SHARED_BY_ENGINE,
)
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, Cluster
from infra_apply.plan.model import DatabasePlan, Isolation, Plan
from infra_apply.reconcile.state import DATABASE, GRANTS, State


def decide_grants(database: DatabasePlan, cluster: Cluster, state: State) -> Isolation | None:
    """Say what becomes of a database's grants; where isolation is off, none are made anew."""
    if cluster.engine not in _POSTGRESQL:
        return None
    has_grants = state.child(DATABASE, database.instance, GRANTS) is not None
    return database.isolation if database.isolation == "enforce" or has_grants else None


def decide_closed_defaults(plan: Plan, account: Account) -> tuple[str, ...]:
    """Name the clusters whose default database the settings close."""
    return tuple(
        name
        for name, databases in _by_cluster(plan).items()
        if _is_closed(databases) and account.clusters[name].engine in _POSTGRESQL
    )


def diagnose_separation(plan: Plan, account: Account, state: State) -> Iterator[Diagnostic]:
    """Report, once a cluster, what its users share, and who is about to lose something."""
    for name, databases in _by_cluster(plan).items():
        cluster = account.clusters.get(name)
        if cluster is None:
            continue
        if cluster.engine in _MYSQL:
            yield _shared(databases, account.databases.get(name, frozenset()))
        if cluster.engine in _POSTGRESQL:
            yield from _open(databases, cluster, state)
            if _is_closed(databases) and name not in _closed(state):
                yield _losing(databases, account.users.get(name, frozenset()))


def _shared(databases: Sequence[DatabasePlan], live: frozenset[str]) -> Diagnostic:
    names = sorted({database.name for database in databases} | live)
    message = (
        f"`{databases[0].cluster}` is a MySQL cluster, whose users may open every database of it:"
        f" {_quoted(database.user for database in databases)} may open {_quoted(names)}"
    )
    hint = "put what has to be kept apart on a PostgreSQL cluster, or on one of its own"
    return Diagnostic(SHARED_BY_ENGINE, databases[0].place, message, hint)


def _open(
    databases: Sequence[DatabasePlan], cluster: Cluster, state: State
) -> Iterator[Diagnostic]:
    """Report what was open to everybody when the cluster was last looked at, by the state."""
    listed: set[str] = set()
    for held in state.resources:
        if held.type == GRANTS and held.inputs.get("clusterId") == cluster.id:
            listed.update(map(str, held.outputs.get("open") or ()))
    if names := sorted(listed - _OWN - {database.name for database in databases}):
        message = (
            f"on `{cluster.name}` every user may connect to {_quoted(names)}, which no manifest of"
            " this stack declares"
        )
        hint = f'REVOKE CONNECT ON DATABASE "{names[0]}" FROM PUBLIC, as the cluster\'s doadmin'
        yield Diagnostic(OPEN_TO_EVERYBODY, databases[0].place, message, hint)


def _losing(databases: Sequence[DatabasePlan], users: frozenset[str]) -> Diagnostic:
    names = sorted((users | {database.user for database in databases}) - _ADMINISTRATORS)
    message = (
        f"the default database of `{databases[0].cluster}` is closed: {_quoted(names)} can connect"
        " to it no longer, but for those whom a grant names"
    )
    hint = f"remove `closeDefault` of `{databases[0].cluster}` if one of them needs it"
    return Diagnostic(DEFAULT_IS_CLOSED, databases[0].place, message, hint)


def _is_closed(databases: Sequence[DatabasePlan]) -> bool:
    return any(held.closes_default and held.isolation == "enforce" for held in databases)


def _closed(state: State) -> frozenset[str]:
    """Name the clusters whose default database the state has as closed."""
    alone = (held for held in state.resources if held.type == GRANTS and not held.inputs["users"])
    return frozenset(held.name for held in alone)


def _by_cluster(plan: Plan) -> Mapping[str, Sequence[DatabasePlan]]:
    clusters = defaultdict(list)
    for database in plan.databases:
        clusters[database.cluster].append(database)
    return dict(sorted(clusters.items()))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_POSTGRESQL: Final = frozenset({"pg", "advanced_pg"})
_MYSQL: Final = frozenset({"mysql", "advanced_mysql"})
# What every cluster has: `postgres` is not doadmin's to close, `defaultdb` has a setting.
_OWN: Final = frozenset({"defaultdb", "postgres"})
_ADMINISTRATORS: Final = frozenset({"doadmin"})
