"""Reads what a server says of a database and of those who may use it: shared catalogs alone.

They are the same from whichever database they are read, so that a database that takes no more
connections can be looked at all the same. Only its schema is to be asked for inside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from psycopg import Connection

from infra_apply.errors import Outage
from infra_apply.postgres.model import (
    PUBLIC,
    Membership,
    Role,
    Separation,
    Server,
    database_of,
    is_owner,
)


def read_server(
    connection: Connection[Any], inside: Connection[Any] | None, of: Separation
) -> Server:
    """Return what the server says, the schema from the connection `inside` the database.

    Raises Outage where there is no such database, and psycopg.Error.
    """
    database = _row(connection, _DATABASE, name=of.database)
    if database is None:
        raise Outage(f"the server has no database `{of.database}`")
    oid, admin, capacity, connections, administers, creates_roles = database
    names = [*of.users, of.owner]
    version = connection.info.server_version
    options = _MEMBER_OPTIONS_16 if version >= _PG16 else _MEMBER_OPTIONS
    memberships = frozenset(
        Membership(role, member, admin=is_admin, inherits=inherits)
        for role, member, is_admin, inherits in _rows(
            connection, _MEMBERSHIPS.format(options=options), names=names
        )
    )
    owners = frozenset(
        name for (name,) in _rows(connection, _OWNERS, oid=oid) if is_owner(name)
    ) - {of.owner}
    existing = {name for (name,) in _rows(connection, _DATABASES)}
    in_use = frozenset(owner for owner in owners if database_of(owner) in existing)
    return Server(
        admin=admin,
        roles={role.name: role for role in _roles(connection, names)},
        memberships=memberships,
        grants=_grants(_rows(connection, _GRANTS, oid=oid)),
        schema_grants=_schema_grants(inside) if inside else None,
        admitted=frozenset(
            name for (name,) in _rows(connection, _ADMITTED, oid=oid, users=list(of.users))
        ),
        holders=frozenset(
            name for (name,) in _rows(connection, _HOLDERS, oid=oid, users=list(of.users))
        ),
        session_roles=_session_roles(_rows(connection, _SETTINGS, oid=oid, users=list(of.users))),
        capacity=capacity,
        connections=connections,
        open_databases=frozenset(name for (name,) in _rows(connection, _OPEN)),
        former_owners=owners - in_use,
        other_owners=owners & in_use,
        administers=administers,
        manages_users=creates_roles and (version < _PG16 or _is_admin_of(of, admin, memberships)),
    )


def _roles(connection: Connection[Any], names: Iterable[str]) -> Iterable[Role]:
    for name, can_login, connections, *powers in _rows(connection, _ROLES, names=list(names)):
        held = frozenset(word for word, has in zip(_POWERS, powers, strict=True) if has)
        yield Role(name, held, can_login=can_login, connections=connections)


def _schema_grants(inside: Connection[Any]) -> dict[str, frozenset[str]] | None:
    """Return who may do what in `public`; None where the project has dropped it."""
    return _grants(_rows(inside, _SCHEMA_GRANTS)) or None


def _grants(rows: Iterable[tuple[Any, ...]]) -> dict[str, frozenset[str]]:
    grants: defaultdict[str, set[str]] = defaultdict(set)
    for grantee, privilege in rows:
        grants[grantee or PUBLIC].add(privilege)
    return {grantee: frozenset(privileges) for grantee, privileges in grants.items()}


def _session_roles(settings: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    parts = ((user, *setting.partition("=")) for user, setting in settings)
    return {user: value for user, name, _, value in parts if name == "role"}


def _is_admin_of(of: Separation, admin: str, memberships: Iterable[Membership]) -> bool:
    managed = {held.role for held in memberships if held.member == admin and held.admin}
    return {*of.users} <= managed


def _row(connection: Connection[Any], query: str, **values: Any) -> tuple[Any, ...] | None:
    return next(iter(_rows(connection, query, **values)), None)


def _rows(connection: Connection[Any], query: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


_PG16: Final = 160000
_POWERS: Final = ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
_DATABASE: Final = """
SELECT d.oid, current_user::text,
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0),
  d.datconnlimit, pg_has_role(d.datdba, 'USAGE'), r.rolcreaterole
FROM pg_database d, pg_roles r
WHERE d.datname = %(name)s AND r.rolname = current_user
"""
_ROLES: Final = """
SELECT rolname::text, rolcanlogin, rolconnlimit,
  rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname = ANY(%(names)s)
"""
# Since PostgreSQL 16 a membership may let its member neither inherit nor become the role.
_MEMBER_OPTIONS: Final = "true"
_MEMBER_OPTIONS_16: Final = "m.inherit_option OR m.set_option"
_MEMBERSHIPS: Final = """
SELECT r.rolname::text, u.rolname::text, bool_or(m.admin_option), bool_or({options})
FROM pg_auth_members m
JOIN pg_roles r ON r.oid = m.roleid
JOIN pg_roles u ON u.oid = m.member
WHERE r.rolname = ANY(%(names)s) OR u.rolname = ANY(%(names)s)
GROUP BY 1, 2
"""
# An owner has all rights by being it, and a superuser whatever is granted.
_GRANTS: Final = """
SELECT r.rolname::text, a.privilege_type
FROM pg_database d
CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.oid = %(oid)s AND a.grantee <> d.datdba AND NOT coalesce(r.rolsuper, false)
"""
_SCHEMA_GRANTS: Final = """
SELECT r.rolname::text, a.privilege_type
FROM pg_namespace n
CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = 'public'
"""
_ADMITTED: Final = """
SELECT r.rolname::text
FROM pg_roles r, pg_database d
WHERE d.oid = %(oid)s AND r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> ALL(%(users)s)
  AND has_database_privilege(r.oid, d.oid, 'CONNECT') AND NOT pg_has_role(r.oid, d.datdba, 'MEMBER')
"""
_DATABASES: Final = "SELECT datname::text FROM pg_database"
_OWNERS: Final = """
SELECT DISTINCT r.rolname::text
FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
WHERE s.dbid = %(oid)s AND s.refclassid = 'pg_authid'::regclass
"""
_OPEN: Final = """
SELECT d.datname::text
FROM pg_database d CROSS JOIN aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datallowconn AND NOT d.datistemplate AND a.grantee = 0 AND a.privilege_type = 'CONNECT'
"""
_HOLDERS: Final = """
SELECT DISTINCT r.rolname::text
FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
WHERE s.dbid = %(oid)s AND s.refclassid = 'pg_authid'::regclass AND r.rolname = ANY(%(users)s)
"""
_SETTINGS: Final = """
SELECT r.rolname::text, unnest(s.setconfig)
FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
WHERE s.setdatabase = %(oid)s AND r.rolname = ANY(%(users)s)
"""
