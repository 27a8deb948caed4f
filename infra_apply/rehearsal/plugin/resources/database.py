"""DatabaseDb and DatabaseUser: parts of a cluster, imported as `<cluster>,<name>`."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.schema import Failed, Object, Property, Resource


def create_db(client: Client, inputs: Object) -> tuple[str, Object]:
    path = f"/v2/databases/{inputs['clusterId']}/dbs"
    try:
        name = client.call("POST", path, {"name": inputs["name"]})["db"]["name"]
        client.call("GET", f"{path}/{name}")
    except ApiError as error:
        raise Failed(f"Error creating Database DB: {error}") from error
    return db(inputs["clusterId"], name)


def read_db(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    cluster, name = addressed(identifier, olds, "database")
    try:
        found = client.found(f"/v2/databases/{cluster}/dbs/{name}", "db")
    except ApiError as error:
        raise Failed(f"Error retrieving Database DB: {error}") from error
    return None if found is None else db(cluster, found["name"])


def delete_db(client: Client, _identifier: str, olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/databases/{olds['clusterId']}/dbs/{olds['name']}")
    except ApiError as error:
        raise Failed(f"Error deleting Database DB: {error}") from error


def db(cluster: str, name: str) -> tuple[str, Object]:
    identifier = f"{cluster}/database/{name}"
    return identifier, {"clusterId": cluster, "id": identifier, "name": name}


def create_user(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"]} | mysql_settings(inputs)
    path = f"/v2/databases/{inputs['clusterId']}/users"
    try:
        made = client.call("POST", path, body)["user"]
    except ApiError as error:
        raise Failed(f"Error creating Database User: {error}") from error
    return user(inputs["clusterId"], made)


def read_user(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    cluster, name = addressed(identifier, olds, "user")
    try:
        found = client.found(f"/v2/databases/{cluster}/users/{name}", "user")
    except ApiError as error:
        raise Failed(f"Error retrieving Database User: {error}") from error
    return None if found is None else user(cluster, found)


def update_user(
    client: Client, _identifier: str, olds: Object, planned: Object, inputs: Object
) -> Object:
    path = f"/v2/databases/{olds['clusterId']}/users/{olds['name']}"
    try:
        if olds.get("mysqlAuthPlugin") != planned.get("mysqlAuthPlugin"):
            client.call("POST", f"{path}/reset_auth", mysql_settings(inputs))
        found = client.call("GET", path)["user"]
    except ApiError as error:
        raise Failed(f"Error updating Database User: {error}") from error
    return user(olds["clusterId"], found)[1]


def delete_user(client: Client, _identifier: str, olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/databases/{olds['clusterId']}/users/{olds['name']}")
    except ApiError as error:
        raise Failed(f"Error deleting Database User: {error}") from error


def user(cluster: str, found: Object) -> tuple[str, Object]:
    identifier = f"{cluster}/user/{found['name']}"
    return identifier, {
        "accessCert": found.get("access_cert"),
        "accessKey": found.get("access_key"),
        "clusterId": cluster,
        "id": identifier,
        "mysqlAuthPlugin": (found.get("mysql_settings") or {}).get("auth_plugin"),
        "name": found["name"],
        "password": found.get("password"),
        "role": found["role"],
        "settings": [],
    }


def mysql_settings(inputs: Object) -> Object:
    plugin = inputs.get("mysqlAuthPlugin")
    return {"mysql_settings": {"auth_plugin": plugin}} if plugin else {}


def addressed(identifier: str, olds: Object | None, what: str) -> tuple[str, str]:
    """Cluster and name, of the state or of an import's id `<cluster>,<name>`. Raises Failed."""
    if olds is not None:
        return olds["clusterId"], olds["name"]
    cluster, comma, name = identifier.partition(",")
    if not comma:
        raise Failed(
            "must use the ID of the source database cluster and the name of the"
            f" {what} joined with a comma (e.g. `id,name`)"
        )
    return cluster, name


DATABASE_DB = Resource(
    urn_type="digitalocean:index/databaseDb:DatabaseDb",
    properties=(
        Property("clusterId", "cluster_id", required=True, replaces=True),
        Property("name", required=True, replaces=True),
    ),
    create=create_db,
    read=read_db,
    update=None,
    delete=delete_db,
)

DATABASE_USER = Resource(
    urn_type="digitalocean:index/databaseUser:DatabaseUser",
    properties=(
        Property("accessCert", output=True, secret=True),
        Property("accessKey", output=True, secret=True),
        Property("clusterId", "cluster_id", required=True, replaces=True),
        Property("mysqlAuthPlugin", "mysql_auth_plugin", computed=True),
        Property("name", required=True, replaces=True),
        Property("password", output=True, secret=True),
        Property("role", output=True),
        Property("settings", computed=True),
    ),
    create=create_user,
    read=read_user,
    update=update_user,
    delete=delete_user,
)
