"""A project's database as a component: a logical database and its own user."""

from __future__ import annotations

from urllib.parse import quote

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.digitalocean.model import Cluster
from infra_apply.reconcile.model import DatabaseDecision


class Database(pulumi.ComponentResource):
    """`Database <instance>` in the tree; the cluster itself is nobody's here.

    `variables` holds DATABASE_URL and its parts, all of them secret.
    """

    def __init__(self, name: str, decision: DatabaseDecision) -> None:
        database, cluster = decision.database, decision.cluster
        super().__init__("infra-apply:index:Database", name)
        opts = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        self.user = digitalocean.DatabaseUser(
            name, cluster_id=cluster.id, name=database.user, opts=opts
        )
        self.database = digitalocean.DatabaseDb(
            name, cluster_id=cluster.id, name=database.name, opts=opts
        )
        self.variables: pulumi.Output[dict[str, str]] = pulumi.Output.secret(
            self.user.password.apply(
                lambda password: variables(cluster, database.name, database.user, password)
            )
        )
        self.register_outputs({"cluster": cluster.name, "name": database.name})


def variables(cluster: Cluster, name: str, user: str, password: str) -> dict[str, str]:
    """Return DATABASE_URL and its parts for one user of one database."""
    scheme, mode = _SCHEMES.get(cluster.engine, (cluster.engine, "sslmode=require"))
    login = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
    url = f"{scheme}://{login}@{cluster.host}:{cluster.port}/{quote(name, safe='')}"
    return {
        "DATABASE_URL": f"{url}?{mode}" if cluster.ssl else url,
        "DATABASE_HOST": cluster.host,
        "DATABASE_PORT": str(cluster.port),
        "DATABASE_NAME": name,
        "DATABASE_USER": user,
        "DATABASE_PASSWORD": password,
    }


# How DigitalOcean writes its own connection strings (`connection.uri` in its API's answers).
_SCHEMES = {
    "pg": ("postgresql", "sslmode=require"),
    "advanced_pg": ("postgresql", "sslmode=require"),
    "mysql": ("mysql", "ssl-mode=REQUIRED"),
    "advanced_mysql": ("mysql", "ssl-mode=REQUIRED"),
    "mongodb": ("mongodb+srv", "tls=true"),
}
