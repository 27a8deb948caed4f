"""Databases: each is made on a cluster that exists and has logical databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from infra_apply.diagnostics.cloud_codes import NO_DATABASES_ON_CLUSTER, UNKNOWN_CLUSTER
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import Account, Cluster
from infra_apply.plan.model import DatabasePlan, Plan
from infra_apply.reconcile.model import DatabaseDecision


def diagnose_databases(plan: Plan, account: Account) -> Iterator[Diagnostic]:
    """Report clusters the account does not have, and clusters without logical databases."""
    for database in plan.databases:
        yield from _cluster(database, account.clusters)


def decide_databases(plan: Plan, account: Account) -> tuple[DatabaseDecision, ...]:
    """Put each database on its cluster. There are no errors among its diagnostics."""
    return tuple(
        DatabaseDecision(database, account.clusters[database.cluster])
        for database in plan.databases
    )


def _cluster(database: DatabasePlan, clusters: Mapping[str, Cluster]) -> Iterator[Diagnostic]:
    name = database.cluster
    cluster = clusters.get(name)
    if cluster is None:
        names = ", ".join(f"`{known}`" for known in sorted(clusters)) or "none"
        message = f"the account has no database cluster `{name}`; there are: {names}"
        hint = did_you_mean(name, clusters, otherwise="make the cluster first, it is shared")
        yield Diagnostic(UNKNOWN_CLUSTER, database.place, message, hint)
    elif cluster.engine not in _WITH_DATABASES:
        message = f"`{name}` is a {cluster.engine} cluster, which has no databases of projects"
        fitting = sorted(
            other.name for other in clusters.values() if other.engine in _WITH_DATABASES
        )
        hint = f"name one of {', '.join(fitting)}" if fitting else None
        yield Diagnostic(NO_DATABASES_ON_CLUSTER, database.place, message, hint)


# Engines whose API has logical databases and users of their own (DigitalOcean's OpenAPI).
_WITH_DATABASES: Final = frozenset({"pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql"})
