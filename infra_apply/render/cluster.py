"""A shared database cluster as the provider sees it: a data source, which nobody here owns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.reconcile.model import DatabaseDecision
from infra_apply.terminal.safe_text import safe


@dataclass(frozen=True, slots=True)
class SharedCluster:
    """Where a cluster's clients connect: by `private_host` from inside its VPC, else by `host`.

    `vpc` is the id of that VPC. `ssl` says whether clients are to encrypt. `default_database` is
    the one that the cluster was made with.
    """

    id: str
    engine: str
    host: str
    private_host: str
    port: int
    ssl: bool
    vpc: str
    default_database: str = "defaultdb"


def look_up_clusters(decisions: Iterable[DatabaseDecision]) -> dict[str, SharedCluster]:
    """Return each cluster that a database is on, by name, looked up once.

    Raises pulumi.RunError where it cannot be, or is not the cluster that was decided for.
    """
    decided = {decision.cluster.name: decision.cluster.id for decision in decisions}
    return {name: _look_up(name, decided[name]) for name in sorted(decided)}


def _look_up(name: str, expected_id: str) -> SharedCluster:
    try:
        result = digitalocean.get_database_cluster(name=name)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower for a failed answer
        # The provider's own words, without those of the engine around them.
        cause = str(error).rpartition("* ")[2].strip()
        raise pulumi.RunError(
            safe(
                f"the database cluster `{name}` could not be looked up\n"
                "  state: nothing was changed\n"
                "  next:  run the same again\n"
                f"  cause: {cause}"
            )
        ) from None
    # A name that is unknown is no error there: every field is None (measured, provider 4.76).
    if result.id != expected_id:
        raise pulumi.RunError(
            f"the database cluster `{name}` is not what it was when the account was looked at"
            f" (its id was {expected_id}, and is {result.id or 'none: it is gone'})\n"
            "  state: nothing was changed\n"
            "  next:  run the same again"
        )
    return SharedCluster(
        id=result.id,
        engine=result.engine,
        host=result.host,
        private_host=result.private_host or result.host,
        port=result.port,
        ssl=_encrypts(result.uri or ""),
        vpc=result.private_network_uuid or "",
        default_database=result.database or "defaultdb",
    )


def _encrypts(uri: str) -> bool:
    """Say whether a cluster's URI asks for TLS, which no other field of the data source says."""
    query = urlsplit(uri).query
    return bool(query) and dict(parse_qsl(query)).get("sslmode") != "disable"
