"""Databases, users and connection pools inside a cluster.

The answers of the real API: a taken database name is 422 "database name is not available", a
taken user name 409; Caching and Valkey clusters hold neither; pools exist on PostgreSQL only.
Passwords follow from the user's name, so that runs can be compared.
"""

from __future__ import annotations

from urllib.parse import quote

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.databases import addressed
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Refused,
    Response,
    State,
    conflict,
    not_found,
    text,
    unprocessable,
)

HOLDS_DATABASES = ("pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql")
HOLDS_USERS = (*HOLDS_DATABASES, "kafka", "opensearch")
POOL_PORT = 25061


def list_dbs(state: State, call: Call) -> Answer:
    return state, store.page(call, "dbs", addressed(state, call)["dbs"])


def get_db(state: State, call: Call) -> Answer:
    return state, Response(200, {"db": member(addressed(state, call), "dbs", call.path["db"])})


def create_db(state: State, call: Call) -> Answer:
    cluster = addressed(state, call)
    check_engine(cluster, HOLDS_DATABASES, "databases")
    database = {"name": text(call.body, "name")}
    if taken(cluster, "dbs", database["name"]):
        raise unprocessable("database name is not available")
    return with_member(state, cluster, "dbs", database), Response(201, {"db": database})


def delete_db(state: State, call: Call) -> Answer:
    return without_member(state, addressed(state, call), "dbs", call.path["db"])


def list_users(state: State, call: Call) -> Answer:
    return state, store.page(call, "users", addressed(state, call)["users"])


def get_user(state: State, call: Call) -> Answer:
    user = member(addressed(state, call), "users", call.path["user"])
    return state, Response(200, {"user": user})


def create_user(state: State, call: Call) -> Answer:
    cluster = addressed(state, call)
    check_engine(cluster, HOLDS_USERS, "users")
    name = text(call.body, "name")
    if taken(cluster, "users", name):
        raise conflict("user already exists")
    user: Object = {"name": name, "role": "normal", "password": f"AVNS_pw_{name}"}
    if cluster["engine"] == "mysql":
        user |= {"mysql_settings": {"auth_plugin": auth_plugin(call.body)}}
    return with_member(state, cluster, "users", user), Response(201, {"user": user})


def update_user(state: State, call: Call) -> Answer:
    """PUT /users/{name} changes `settings` (Kafka, OpenSearch, PostgreSQL replication)."""
    cluster = addressed(state, call)
    user = member(cluster, "users", call.path["user"])
    settings = call.body.get("settings")
    changed = user | ({"settings": settings} if settings else {})
    return replaced_user(state, cluster, changed, status=201)


def reset_auth(state: State, call: Call) -> Answer:
    """A new password; on MySQL also the auth plugin that the body names."""
    cluster = addressed(state, call)
    user = member(cluster, "users", call.path["user"])
    fresh = user | {"password": f"{user['password']}_r"}
    if cluster["engine"] == "mysql":
        fresh |= {"mysql_settings": {"auth_plugin": auth_plugin(call.body)}}
    return replaced_user(state, cluster, fresh, status=200)


def delete_user(state: State, call: Call) -> Answer:
    return without_member(state, addressed(state, call), "users", call.path["user"])


def list_pools(state: State, call: Call) -> Answer:
    cluster = addressed(state, call)
    pools = [connected(cluster, pool) for pool in cluster["pools"]]
    return state, store.page(call, "pools", pools)


def get_pool(state: State, call: Call) -> Answer:
    cluster = addressed(state, call)
    pool = member(cluster, "pools", call.path["pool"])
    return state, Response(200, {"pool": connected(cluster, pool)})


def create_pool(state: State, call: Call) -> Answer:
    cluster = addressed(state, call)
    check_engine(cluster, ("pg", "advanced_pg"), "connection pools")
    if not isinstance(call.body.get("size"), int):
        raise unprocessable("size is required and must be an integer")
    pool = {key: text(call.body, key) for key in ("name", "user", "mode")}
    pool |= {"size": call.body["size"], "db": text(call.body, "db")}
    member(cluster, "dbs", pool["db"])
    member(cluster, "users", pool["user"])
    if taken(cluster, "pools", pool["name"]):
        raise conflict("connection pool name is not available")
    body = {"pool": connected(cluster, pool)}
    return with_member(state, cluster, "pools", pool), Response(201, body)


def delete_pool(state: State, call: Call) -> Answer:
    return without_member(state, addressed(state, call), "pools", call.path["pool"])


def connected(cluster: Object, pool: Object) -> Object:
    """The pool with its connections, which carry the user's present password."""
    user = next((u for u in cluster["users"] if u["name"] == pool["user"]), None)
    password = user["password"] if user else ""
    ways = {}
    for way in ("connection", "private_connection"):
        host = cluster[way]["host"]
        ways[way] = {
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
    return pool | ways


def member(cluster: Object, kind: str, name: str) -> Object:
    """The cluster's database, user or pool of that name. Refused (404)."""
    for item in cluster[kind]:
        if item["name"] == name:
            found: Object = item
            return found
    raise not_found()


def taken(cluster: Object, kind: str, name: str) -> bool:
    return any(item["name"] == name for item in cluster[kind])


def with_member(state: State, cluster: Object, kind: str, item: Object) -> State:
    return store.changed(state, "databases", cluster | {kind: [*cluster[kind], item]})


def without_member(state: State, cluster: Object, kind: str, name: str) -> Answer:
    gone = member(cluster, kind, name)["name"]
    rest = [item for item in cluster[kind] if item["name"] != gone]
    return store.changed(state, "databases", cluster | {kind: rest}), Response(204, None)


def replaced_user(state: State, cluster: Object, user: Object, status: int) -> Answer:
    users = [user if old["name"] == user["name"] else old for old in cluster["users"]]
    state = store.changed(state, "databases", cluster | {"users": users})
    return state, Response(status, {"user": user})


def check_engine(cluster: Object, engines: tuple[str, ...], what: str) -> None:
    if cluster["engine"] not in engines:
        raise Refused(
            422, "unprocessable_entity", f"{what} are not supported for engine {cluster['engine']}"
        )


def auth_plugin(body: Object) -> str:
    settings = body.get("mysql_settings")
    plugin = settings.get("auth_plugin") if isinstance(settings, dict) else None
    return plugin if isinstance(plugin, str) and plugin else "caching_sha2_password"
