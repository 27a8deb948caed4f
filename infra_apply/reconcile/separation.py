"""What keeps the databases of a cluster apart: as far as its engine can."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from infra_apply.diagnostics.cloud_codes import SHARED_BY_ENGINE
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


def diagnose_separation(plan: Plan, account: Account) -> Iterator[Diagnostic]:
    """Report, once a cluster, what its users share because its engine's grants are out of reach."""
    by_cluster = defaultdict(list)
    for database in plan.databases:
        by_cluster[database.cluster].append(database)
    for name, databases in sorted(by_cluster.items()):
        cluster = account.clusters.get(name)
        if cluster is None or cluster.engine not in _MYSQL:
            continue
        names = {database.name for database in databases} | account.databases.get(name, frozenset())
        users = ", ".join(f"`{database.user}`" for database in databases)
        message = (
            f"`{name}` is a MySQL cluster, whose users may open every database of it:"
            f" {users} may open {', '.join(f'`{database}`' for database in sorted(names))}"
        )
        hint = "put what has to be kept apart on a PostgreSQL cluster, or on one of its own"
        yield Diagnostic(SHARED_BY_ENGINE, databases[0].place, message, hint)


_POSTGRESQL = frozenset({"pg", "advanced_pg"})
_MYSQL = frozenset({"mysql", "advanced_mysql"})
