"""The resource types DatabaseDb and DatabaseUser, which are imported as `<cluster>,<name>`."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import (
    ImportFailed,
    created,
    read_back,
    reported_as,
)
from infra_apply.rehearsal.plugin.schema import Property, ResourceType
from infra_apply.rehearsal.plugin.values import Object


def _create_db(client: Client, inputs: Object) -> tuple[str, Object]:
    path = f"/v2/databases/{inputs['clusterId']}/dbs"
    with reported_as("Error creating Database DB"):
        name = client.call("POST", path, {"name": inputs["name"]})["db"]["name"]
    identifier, outputs = _db_outputs(inputs["clusterId"], name)
    with created(identifier, outputs), read_back("Error retrieving Database DB"):
        client.call("GET", f"{path}/{name}")
    return identifier, outputs


@reported_as("Error retrieving Database DB")
def _read_db(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    cluster, name = _cluster_and_name(identifier, olds, "database")
    database = client.get_or_none(f"/v2/databases/{cluster}/dbs/{name}", "db")
    return None if database is None else _db_outputs(cluster, database["name"])


@reported_as("Error deleting Database DB")
def _delete_db(client: Client, _identifier: str, olds: Object) -> None:
    client.call("DELETE", f"/v2/databases/{olds['clusterId']}/dbs/{olds['name']}")


def _db_outputs(cluster: str, name: str) -> tuple[str, Object]:
    identifier = f"{cluster}/database/{name}"
    return identifier, {"clusterId": cluster, "id": identifier, "name": name}


@reported_as("Error creating Database User")
def _create_user(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"]} | _mysql_settings(inputs)
    path = f"/v2/databases/{inputs['clusterId']}/users"
    user = client.call("POST", path, body)["user"]
    return user_outputs(inputs["clusterId"], user)


@reported_as("Error retrieving Database User")
def _read_user(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    cluster, name = _cluster_and_name(identifier, olds, "user")
    user = client.get_or_none(f"/v2/databases/{cluster}/users/{name}", "user")
    return None if user is None else user_outputs(cluster, user)


def _update_user(
    client: Client, _identifier: str, olds: Object, planned: Object, inputs: Object
) -> Object:
    path = f"/v2/databases/{olds['clusterId']}/users/{olds['name']}"
    if olds.get("mysqlAuthPlugin") != planned.get("mysqlAuthPlugin"):
        with reported_as("Error updating mysql_auth_plugin for DatabaseUser"):
            client.call("POST", f"{path}/reset_auth", _mysql_settings(inputs))
    with read_back("Error retrieving Database User"):
        user = client.call("GET", path)["user"]
    return user_outputs(olds["clusterId"], user)[1]


@reported_as("Error deleting Database User")
def _delete_user(client: Client, _identifier: str, olds: Object) -> None:
    client.call("DELETE", f"/v2/databases/{olds['clusterId']}/users/{olds['name']}")


def user_outputs(cluster: str, user: Object) -> tuple[str, Object]:
    """Return id and outputs for a database user of the API."""
    identifier = f"{cluster}/user/{user['name']}"
    return identifier, {
        "accessCert": user.get("access_cert"),
        "accessKey": user.get("access_key"),
        "clusterId": cluster,
        "id": identifier,
        "mysqlAuthPlugin": (user.get("mysql_settings") or {}).get("auth_plugin"),
        "name": user["name"],
        "password": user.get("password"),
        "role": user["role"],
        "settings": [],
    }


def _mysql_settings(inputs: Object) -> Object:
    plugin = inputs.get("mysqlAuthPlugin")
    return {"mysql_settings": {"auth_plugin": plugin}} if plugin else {}


def _cluster_and_name(identifier: str, olds: Object | None, kind: str) -> tuple[str, str]:
    """Return cluster and name: the state's, or those of an import's id. Raises ImportFailed."""
    if olds is not None:
        return olds["clusterId"], olds["name"]
    cluster, comma, name = identifier.partition(",")
    if not comma:
        raise ImportFailed(
            "must use the ID of the source database cluster and the name of the"
            f" {kind} joined with a comma (e.g. `id,name`)"
        )
    return cluster, name


DATABASE_DB = ResourceType(
    pulumi_type="digitalocean:index/databaseDb:DatabaseDb",
    properties=(
        Property("clusterId", "cluster_id", required=True, replaces=True),
        Property("name", required=True, replaces=True),
    ),
    create=_create_db,
    read=_read_db,
    update=None,
    delete=_delete_db,
)

DATABASE_USER = ResourceType(
    pulumi_type="digitalocean:index/databaseUser:DatabaseUser",
    properties=(
        Property("accessCert", output_only=True, secret=True),
        Property("accessKey", output_only=True, secret=True),
        Property("clusterId", "cluster_id", required=True, replaces=True),
        Property("mysqlAuthPlugin", "mysql_auth_plugin", computed=True),
        Property("name", required=True, replaces=True),
        Property("password", output_only=True, secret=True),
        Property("role", output_only=True),
        Property("settings", computed=True),
    ),
    create=_create_user,
    read=_read_user,
    update=_update_user,
    delete=_delete_user,
)
