"""A project's database as a component: a logical database and its own user."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.digitalocean.model import Cluster
from infra_apply.reconcile.model import DatabaseDecision
from infra_apply.reconcile.state import DATABASE


class Database(pulumi.ComponentResource):
    """`Database <instance>` in the tree; the cluster itself is nobody's here.

    Its inputs are what it claims, for the next run to read in the state. The user is made before
    the database, so that an answer that is lost leaves one of them behind, and it is known which.
    `variables` holds DATABASE_URL and its parts, all of them secret.
    """

    def __init__(self, decision: DatabaseDecision) -> None:
        database, cluster = decision.database, decision.cluster
        claims = {
            "cluster": cluster.name,
            "clusterId": cluster.id,
            "name": database.name,
            "user": database.user,
        }
        super().__init__(DATABASE, database.instance, claims)
        opts = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        self.user = digitalocean.DatabaseUser(
            database.instance,
            cluster_id=cluster.id,
            name=database.user,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(import_=decision.import_user)
            ),
        )
        self.database = digitalocean.DatabaseDb(
            database.instance,
            cluster_id=cluster.id,
            name=database.name,
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(import_=decision.import_database, depends_on=[self.user]),
            ),
        )
        self.variables: pulumi.Output[dict[str, str]] = pulumi.Output.secret(
            self.user.password.apply(
                lambda password: variables(cluster, database.name, database.user, password)
            )
        )
        manifest = relative_path(database.manifest)
        self.register_outputs(
            {"cluster": cluster.name, "name": database.name, "manifest": manifest}
        )


def relative_path(path: str) -> str:
    """Return a file's path relative to the Pulumi project's folder, with `/` everywhere."""
    return Path(os.path.relpath(path)).as_posix() if path else ""


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
