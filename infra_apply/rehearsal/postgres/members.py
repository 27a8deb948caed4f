"""A cluster's databases and users, made and dropped in its server as DigitalOcean does it.

Users are made by the superuser, who is not the cluster's admin: so on PostgreSQL 16 and later the
admin has no admin option on them. Databases are the admin's.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from infra_apply.rehearsal.simulator.account.messages import (
    ErrorResponse,
    Object,
    conflict,
    unprocessable,
)

ADMIN_RIGHTS: Final = "CREATEROLE CREATEDB REPLICATION BYPASSRLS"
# What PostgreSQL itself has; a cluster's answers do not list it.
OWN_DATABASES: Final = frozenset({"postgres", "template0", "template1"})
LONGEST_NAME: Final = 63
"""Bytes; PostgreSQL cuts longer names off, so that two of them might become one."""


def change(connection: Any, before: Object, after: Object) -> None:
    """Make and drop what differs between two states of a cluster, and set changed passwords.

    What is there already, or gone already, is fine. Where nothing is known of the state before
    ({}), what the server has beside the cluster's is left. Raises ErrorResponse, psycopg.Error.
    """
    old_databases, databases = _databases(before), _databases(after)
    old_users, users = _users(before), _users(after)
    for name in [*databases, *users]:
        _check_name(name)
    for name in old_databases - databases:
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", Identifier(name))
    for name in old_users.keys() - users.keys():
        _drop_user(connection, name)
    for name, user in users.items():
        if old_users.get(name) != user:
            _set_user(connection, user, is_admin=name == admin_of(after))
    present = _column(connection, "SELECT datname FROM pg_database")
    for name in sorted(databases - old_databases):
        if name in OWN_DATABASES:
            raise unprocessable("database name is not available")
        if name not in present:
            # template0: nobody is connected to it, and nobody has put anything there.
            _execute(
                connection,
                "CREATE DATABASE {} OWNER {} TEMPLATE template0",
                Identifier(name),
                Identifier(admin_of(after)),
            )


def is_same(before: Object, after: Object) -> bool:
    """Say whether two states of a cluster have the same databases, users and passwords."""
    return (_databases(before), _users(before)) == (_databases(after), _users(after))


def admin_of(cluster: Object) -> str:
    """Return the name of a cluster's admin."""
    return str((cluster.get("connection") or {}).get("user") or "doadmin")


def password_of(cluster: Object, name: str) -> str:
    """Return the password of a cluster's user; empty where somebody left it out."""
    return str(_users(cluster)[name].get("password") or "")


def describe(cluster: Object, error: psycopg.Error) -> ErrorResponse:
    """Return the answer to a request whose statement failed, in PostgreSQL's words."""
    words = error.diag.message_primary or (str(error).splitlines() or ["no answer"])[0]
    name = cluster.get("name", cluster["id"])
    return ErrorResponse(500, "server_error", f"PostgreSQL of cluster {name}: {words}")


def _databases(cluster: Object) -> set[str]:
    return {database["name"] for database in cluster.get("dbs", ())}


def _users(cluster: Object) -> dict[str, Object]:
    users: dict[str, Object] = {user["name"]: user for user in cluster.get("users", ())}
    if cluster and admin_of(cluster) not in users:  # somebody left it out
        password = (cluster.get("connection") or {}).get("password")
        users = {admin_of(cluster): {"name": admin_of(cluster), "password": password}, **users}
    return users


def _set_user(connection: Any, user: Object, *, is_admin: bool) -> None:
    """Make a user that may log in and nothing else, or set the password of the one that exists."""
    name, password = user["name"], user.get("password") or ""
    # The server gets, and may log, only what is derived from the password.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    ).decode()
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if row is None:
        rights = ADMIN_RIGHTS if is_admin else ""
        _execute(
            connection,
            f"CREATE ROLE {{}} LOGIN {rights} PASSWORD {{}}",
            Identifier(name),
            Literal(verifier),
        )
    elif row[0]:
        raise conflict("user already exists")  # PostgreSQL's own, whatever the cluster lists
    else:
        _execute(connection, "ALTER ROLE {} PASSWORD {}", Identifier(name), Literal(verifier))
    if not is_admin and "settings" in user:
        allowed = (user["settings"] or {}).get("pg_allow_replication")
        option = "REPLICATION" if allowed else "NOREPLICATION"
        _execute(connection, f"ALTER ROLE {{}} {option}", Identifier(name))


def _drop_user(connection: Any, name: str) -> None:
    try:
        _execute(connection, "DROP ROLE IF EXISTS {}", Identifier(name))
    except psycopg.errors.DependentObjectsStillExist as error:
        # What DigitalOcean answers is not known.
        detail = (error.diag.message_detail or "").replace("\n", "; ")
        raise unprocessable(f"{error.diag.message_primary}: {detail}") from None


def _check_name(name: object) -> None:
    """Refuse a name that PostgreSQL would not take as it is. Raises ErrorResponse (422)."""
    if not isinstance(name, str):
        raise unprocessable("a name is a text")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise unprocessable("a name has a character that is none") from None
    if not 0 < length <= LONGEST_NAME or "\0" in name:
        raise unprocessable(f"a name has 1 to {LONGEST_NAME} bytes, none of them 0")


def _execute(connection: Any, text: str, *values: Identifier | Literal) -> None:
    connection.execute(SQL(text).format(*values))


def _column(connection: Any, query: str) -> set[str]:
    return {row[0] for row in connection.execute(query)}
