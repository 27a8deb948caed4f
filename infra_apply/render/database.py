"""A project's database as a component: a logical database and its own user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply import naming
from infra_apply.reconcile.model import DatabaseDecision
from infra_apply.reconcile.state import DATABASE
from infra_apply.render.cluster import SharedCluster
from infra_apply.render.grants import Grants


class Database(pulumi.ComponentResource):
    """`Database <instance>` in the tree; the cluster itself is nobody's here.

    Its inputs are what it claims, for the next run to read in the state; `logins`, the one that is
    given out first, stands among them only where it is not the user alone. The user is made before
    the database, and a second user after it, so that an answer that is lost leaves one of them
    behind, and it is known which.
    """

    def __init__(self, decision: DatabaseDecision, cluster: SharedCluster) -> None:
        database = decision.database
        claims: dict[str, Any] = {
            "cluster": database.cluster,
            "clusterId": cluster.id,
            "name": database.name,
            "user": database.user,
        }
        if decision.logins != (database.user,):
            claims["logins"] = list(decision.logins)
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
        self.users = {database.user: self.user}
        if decision.has_second:
            self._render_second(decision, cluster, opts)
        self.grants = self._render_grants(decision, cluster) if decision.grants else None
        manifest = relative_path(database.manifest)
        self.register_outputs(
            {"cluster": database.cluster, "name": database.name, "manifest": manifest}
        )
        self._plan, self._cluster, self._login = database, cluster, decision.logins[0]

    def _render_second(
        self, decision: DatabaseDecision, cluster: SharedCluster, opts: pulumi.ResourceOptions
    ) -> None:
        """Make the user that takes turns with the database's own, once both of these are there."""
        name = naming.second_login(decision.database.user)
        self.users[name] = digitalocean.DatabaseUser(
            naming.second_login_resource(decision.database.instance),
            cluster_id=cluster.id,
            name=name,
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    import_=decision.import_second, depends_on=[self.user, self.database]
                ),
            ),
        )

    def _render_grants(self, decision: DatabaseDecision, cluster: SharedCluster) -> Grants:
        """Keep others out, once the database and its users are there."""
        database = decision.database
        inputs = {
            "clusterId": cluster.id,
            "database": database.name,
            "users": list(decision.logins),
            "connections": database.connections,
            "enforce": decision.grants == "enforce",
        }
        return Grants(
            database.instance,
            {key: value for key, value in inputs.items() if value is not None},
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[*self.users.values(), self.database],
                protect=True,
                retain_on_delete=True,
            ),
        )

    def variables(self, vpc: pulumi.Input[str | None]) -> pulumi.Output[dict[str, str]]:
        """Return DATABASE_URL and its parts, secret, for a service in the VPC of this id.

        They are those of the login that is given out, and known once its grants are made: until
        then the outputs stay what they were.
        """
        plan, cluster, login = self._plan, self._cluster, self._login
        made = self.grants.urn if self.grants else None
        return pulumi.Output.secret(
            pulumi.Output.all(self.users[login].password, vpc, made).apply(
                lambda known: variables(cluster, plan.name, login, known[0], vpc=known[1])
            )
        )


def close_default(name: str, cluster: SharedCluster) -> None:
    """Close a cluster's default database to all whom no grant names; to forget it opens nothing."""
    inputs = {
        "clusterId": cluster.id,
        "database": cluster.default_database,
        "users": [],
        "enforce": True,
    }
    Grants(name, inputs, pulumi.ResourceOptions(retain_on_delete=True))


def relative_path(path: str) -> str:
    """Return a file's path relative to the Pulumi project's folder, with `/` everywhere."""
    return Path(os.path.relpath(path)).as_posix() if path else ""


def variables(
    cluster: SharedCluster, name: str, user: str, password: str, *, vpc: str | None = None
) -> dict[str, str]:
    """Return DATABASE_URL and its parts for one user of one database.

    A client in the cluster's VPC is given the private address.
    """
    scheme, query, mode = _DIALECTS.get(cluster.engine, (cluster.engine, "sslmode=require", None))
    host = cluster.private_host if vpc and vpc == cluster.vpc else cluster.host
    login = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
    url = f"{scheme}://{login}@{host}:{cluster.port}/{quote(name, safe='')}"
    parts = {
        "DATABASE_URL": f"{url}?{query}" if cluster.ssl else url,
        "DATABASE_HOST": host,
        "DATABASE_PORT": str(cluster.port),
        "DATABASE_NAME": name,
        "DATABASE_USER": user,
        "DATABASE_PASSWORD": password,
    }
    return parts | ({"DATABASE_SSLMODE": mode} if mode and cluster.ssl else {})


# How DigitalOcean writes its own connection strings (`connection.uri` in its API's answers), and
# the value that clients of the engine call their mode of TLS.
_DIALECTS = {
    "pg": ("postgresql", "sslmode=require", "require"),
    "advanced_pg": ("postgresql", "sslmode=require", "require"),
    "mysql": ("mysql", "ssl-mode=REQUIRED", "REQUIRED"),
    "advanced_mysql": ("mysql", "ssl-mode=REQUIRED", "REQUIRED"),
    "mongodb": ("mongodb+srv", "tls=true", None),
}
