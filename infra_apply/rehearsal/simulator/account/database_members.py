"""Databases, users and connection pools inside a cluster.

As in the real API a taken database name is 422 "database name is not available" and a taken user
name 409; Redis and Valkey clusters have neither, and connection pools exist on PostgreSQL only.
Passwords follow from the user's name, so that the results of two runs can be compared.
"""

from __future__ import annotations

from urllib.parse import quote

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.databases import find_cluster
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    ErrorResponse,
    Object,
    Response,
    Result,
    State,
    conflict,
    not_found,
    required_string,
    unprocessable,
)
from infra_apply.rehearsal.simulator.account.paging import page

ENGINES_WITH_DATABASES = ("pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql")
ENGINES_WITH_USERS = (*ENGINES_WITH_DATABASES, "kafka", "opensearch")
POOL_PORT = 25061


def list_dbs(state: State, call: Call) -> Result:
    return state, page(call, "dbs", find_cluster(state, call)["dbs"])


def get_db(state: State, call: Call) -> Result:
    return state, Response(
        200, {"db": _find_member(find_cluster(state, call), "dbs", call.params["db"])}
    )


def create_db(state: State, call: Call) -> Result:
    cluster = find_cluster(state, call)
    _check_engine(cluster, ENGINES_WITH_DATABASES, "databases")
    database = {"name": required_string(call.body, "name")}
    if _is_taken(cluster, "dbs", database["name"]):
        raise unprocessable("database name is not available")
    return _add_member(state, cluster, "dbs", database), Response(201, {"db": database})


def delete_db(state: State, call: Call) -> Result:
    return _remove_member(state, find_cluster(state, call), "dbs", call.params["db"])


def list_users(state: State, call: Call) -> Result:
    return state, page(call, "users", find_cluster(state, call)["users"])


def get_user(state: State, call: Call) -> Result:
    user = _find_member(find_cluster(state, call), "users", call.params["user"])
    return state, Response(200, {"user": user})


def create_user(state: State, call: Call) -> Result:
    cluster = find_cluster(state, call)
    _check_engine(cluster, ENGINES_WITH_USERS, "users")
    name = required_string(call.body, "name")
    if _is_taken(cluster, "users", name):
        raise conflict("user already exists")
    user: Object = {"name": name, "role": "normal", "password": f"AVNS_pw_{name}"}
    if cluster["engine"] == "mysql":
        user |= {"mysql_settings": {"auth_plugin": _auth_plugin(call.body)}}
    return _add_member(state, cluster, "users", user), Response(201, {"user": user})


def update_user(state: State, call: Call) -> Result:
    """PUT /users/{name} changes `settings` (Kafka, OpenSearch, PostgreSQL replication)."""
    cluster = find_cluster(state, call)
    user = _find_member(cluster, "users", call.params["user"])
    settings = call.body.get("settings")
    changed = user | ({"settings": settings} if settings else {})
    return _replace_user(state, cluster, changed, status=201)


def reset_auth(state: State, call: Call) -> Result:
    """Set a new password; on MySQL also the auth plugin that the body names.

    The admin's password is the one in the cluster's connections, too.
    """
    cluster = find_cluster(state, call)
    user = _find_member(cluster, "users", call.params["user"])
    changed = user | {"password": f"{user['password']}_r"}
    if cluster["engine"] == "mysql":
        changed |= {"mysql_settings": {"auth_plugin": _auth_plugin(call.body)}}
    for kind in ("connection", "private_connection"):
        connection = cluster[kind]
        if connection["user"] == user["name"]:
            password = changed["password"]
            uri = connection["uri"].replace(
                f":{quote(user['password'], safe='')}@", f":{quote(password, safe='')}@"
            )
            cluster |= {kind: connection | {"password": password, "uri": uri}}
    return _replace_user(state, cluster, changed, status=200)


def delete_user(state: State, call: Call) -> Result:
    return _remove_member(state, find_cluster(state, call), "users", call.params["user"])


def list_pools(state: State, call: Call) -> Result:
    cluster = find_cluster(state, call)
    pools = [_with_connections(cluster, pool) for pool in cluster["pools"]]
    return state, page(call, "pools", pools)


def get_pool(state: State, call: Call) -> Result:
    cluster = find_cluster(state, call)
    pool = _find_member(cluster, "pools", call.params["pool"])
    return state, Response(200, {"pool": _with_connections(cluster, pool)})


def create_pool(state: State, call: Call) -> Result:
    cluster = find_cluster(state, call)
    _check_engine(cluster, ("pg", "advanced_pg"), "connection pools")
    if not isinstance(call.body.get("size"), int):
        raise unprocessable("size is required and must be an integer")
    pool = {key: required_string(call.body, key) for key in ("name", "user", "mode")}
    pool |= {"size": call.body["size"], "db": required_string(call.body, "db")}
    _find_member(cluster, "dbs", pool["db"])
    _find_member(cluster, "users", pool["user"])
    if _is_taken(cluster, "pools", pool["name"]):
        raise conflict("connection pool name is not available")
    body = {"pool": _with_connections(cluster, pool)}
    return _add_member(state, cluster, "pools", pool), Response(201, body)


def delete_pool(state: State, call: Call) -> Result:
    return _remove_member(state, find_cluster(state, call), "pools", call.params["pool"])


def _with_connections(cluster: Object, pool: Object) -> Object:
    """Return the pool with its connections, which hold the user's present password."""
    user = next((user for user in cluster["users"] if user["name"] == pool["user"]), None)
    password = user["password"] if user else ""
    connections = {}
    for kind in ("connection", "private_connection"):
        host = cluster[kind]["host"]
        connections[kind] = {
            "protocol": "postgresql",
            "uri": (
                f"postgresql://{pool['user']}:{quote(password)}@{host}:{POOL_PORT}"
                f"/{pool['name']}?sslmode=require"
            ),
            "database": pool["name"],
            "host": host,
            "port": POOL_PORT,
            "user": pool["user"],
            "password": password,
            "ssl": True,
        }
    return pool | connections


def _find_member(cluster: Object, kind: str, name: str) -> Object:
    """Return the cluster's database, user or pool of a name. Raises ErrorResponse (404)."""
    items: list[Object] = cluster[kind]
    for item in items:
        if item["name"] == name:
            return item
    raise not_found()


def _is_taken(cluster: Object, kind: str, name: str) -> bool:
    return any(item["name"] == name for item in cluster[kind])


def _add_member(state: State, cluster: Object, kind: str, item: Object) -> State:
    return store.replace(state, "databases", cluster | {kind: [*cluster[kind], item]})


def _remove_member(state: State, cluster: Object, kind: str, name: str) -> Result:
    removed = _find_member(cluster, kind, name)
    rest = [item for item in cluster[kind] if item["name"] != removed["name"]]
    return store.replace(state, "databases", cluster | {kind: rest}), Response(204, None)


def _replace_user(state: State, cluster: Object, user: Object, status: int) -> Result:
    users = [user if old["name"] == user["name"] else old for old in cluster["users"]]
    state = store.replace(state, "databases", cluster | {"users": users})
    return state, Response(status, {"user": user})


def _check_engine(cluster: Object, engines: tuple[str, ...], members: str) -> None:
    if cluster["engine"] not in engines:
        raise ErrorResponse(
            422,
            "unprocessable_entity",
            f"{members} are not supported for engine {cluster['engine']}",
        )


def _auth_plugin(body: Object) -> str:
    settings = body.get("mysql_settings")
    plugin = settings.get("auth_plugin") if isinstance(settings, dict) else None
    return plugin if isinstance(plugin, str) and plugin else "caching_sha2_password"
