"""What separates a server from a separation: statements that bring it there, and what cannot be.

Pure: a server is a value here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg.sql import SQL, Composed, Identifier, Literal

from infra_apply.postgres.model import (
    DATABASE_PRIVILEGES,
    PUBLIC,
    SCHEMA_PRIVILEGES,
    Membership,
    Separation,
    Server,
    is_owner,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it should be, as a sentence, and the statement that mends it.

    `inside` says that the statement is to be sent to the database itself, and `by` which user is to
    send it there; otherwise the administrator is.
    """

    sentence: str
    statement: Composed
    inside: bool = False
    by: str | None = None


def find_differences(separation: Separation, server: Server) -> tuple[Difference, ...]:
    """Return what is to be mended, in the order of the statements; nothing where all is right.

    Where the database was renamed it is the name of its owning role alone; what else there is shows
    after that.
    """
    if not separation.users:
        return tuple(_revoke(separation, server, {PUBLIC} & {*server.grants}))
    if renamed := tuple(_renamed(separation, server)):
        return renamed
    return (
        *_owner(separation, server),
        *_members(separation, server),
        *_grants(separation, server),
        *_schema(separation, server),
        *_connections(separation, server),
        *_session_roles(separation, server),
    )


def find_obstacles(separation: Separation, server: Server) -> tuple[str, ...]:
    """Return why the separation cannot be had, as sentences: somebody else has to decide."""
    return (*_obstacles(separation, server), *_of_other_databases(separation, server))


def find_others(separation: Separation, server: Server) -> tuple[str, ...]:
    """Return who can connect though every grant is right, as sentences."""
    others = sorted(server.admitted) if separation.users else ()
    return tuple(f"`{name}` can connect, by another role" for name in others)


def turns(separation: Separation, server: Server) -> bool:
    """Say whether another user could take over from one: all belongs to the owning role."""
    roles = {server.session_roles.get(user) for user in separation.users}
    return not server.holders and roles == {separation.owner}


def _renamed(separation: Separation, server: Server) -> Iterator[Difference]:
    """Let the role that owns what is there keep it, under the name that the database has now."""
    if separation.owner not in server.roles and len(server.former_owners) == 1:
        (former,) = server.former_owners
        yield Difference(
            f"what is there belongs to `{former}`, as before it was renamed",
            SQL("ALTER ROLE {} RENAME TO {}").format(
                Identifier(former), Identifier(separation.owner)
            ),
        )


def _owner(separation: Separation, server: Server) -> Iterator[Difference]:
    if separation.owner not in server.roles:
        yield Difference(
            f"the role `{separation.owner}`, which owns what is made there, is missing",
            SQL("CREATE ROLE {} NOLOGIN").format(Identifier(separation.owner)),
        )


def _members(separation: Separation, server: Server) -> Iterator[Difference]:
    owner = separation.owner
    members = {held.member for held in server.memberships if held.role == owner and held.inherits}
    for user in separation.users:
        if user not in members:
            yield Difference(
                f"`{user}` is no member of `{owner}`",
                SQL("GRANT {} TO {}").format(Identifier(owner), Identifier(user)),
            )
    for held in sorted(_owners_of_others(separation, server)):
        yield Difference(
            f"`{held.member}` is a member of `{held.role}`",
            SQL("REVOKE {} FROM {} CASCADE").format(Identifier(held.role), Identifier(held.member)),
        )
    for member in sorted(members - {*separation.users, server.admin}):
        yield Difference(
            f"`{member}` is a member of `{owner}`",
            SQL("REVOKE {} FROM {} CASCADE").format(Identifier(owner), Identifier(member)),
        )


def _grants(separation: Separation, server: Server) -> Iterator[Difference]:
    others = {*server.grants} - {*separation.users, separation.owner}
    yield from _revoke(separation, server, others)
    if missing := DATABASE_PRIVILEGES - server.grants.get(separation.owner, frozenset()):
        yield Difference(
            f"`{separation.owner}` lacks {_words(missing)} on the database",
            SQL("GRANT {} ON DATABASE {} TO {}").format(
                SQL(_words(missing)),
                Identifier(separation.database),
                Identifier(separation.owner),
            ),
        )


def _revoke(
    separation: Separation, server: Server, grantees: Iterable[str]
) -> Iterator[Difference]:
    for grantee in sorted(grantees):
        who = f"`{grantee}`" if grantee != PUBLIC else "everybody"
        role = Identifier(grantee) if grantee != PUBLIC else SQL("PUBLIC")
        yield Difference(
            f"{who} has {_words(server.grants[grantee])} on the database",
            SQL("REVOKE ALL ON DATABASE {} FROM {} CASCADE").format(
                Identifier(separation.database), role
            ),
        )


def _schema(separation: Separation, server: Server) -> Iterator[Difference]:
    if server.schema_grants is None:
        return
    own = server.schema_grants.get(separation.owner, frozenset())
    if missing := SCHEMA_PRIVILEGES - own - server.schema_grants.get(PUBLIC, frozenset()):
        yield Difference(
            f"`{separation.owner}` lacks {_words(missing)} on the schema `public`",
            SQL("GRANT {} ON SCHEMA public TO {}").format(
                SQL(_words(missing)), Identifier(separation.owner)
            ),
            inside=True,
        )


def _connections(separation: Separation, server: Server) -> Iterator[Difference]:
    limit = server.limit(separation)
    if server.connections != limit:
        yield Difference(
            f"the database takes {_count(server.connections)}, not {limit}",
            SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(
                Identifier(separation.database), Literal(limit)
            ),
        )
    for user in separation.users:
        role = server.roles.get(user)
        if server.manages_users and role and role.connections != limit:
            yield Difference(
                f"`{user}` may have {_count(role.connections)}, not {limit}",
                SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(Identifier(user), Literal(limit)),
            )


def _session_roles(separation: Separation, server: Server) -> Iterator[Difference]:
    """Let sessions begin as the owning role, unless that would take things away from a user.

    For each user alone: what is set for a whole database holds for the server's superuser, too.
    """
    for user in separation.users:
        if not server.holders and server.session_roles.get(user) != separation.owner:
            yield Difference(
                f"what `{user}` makes does not belong to `{separation.owner}`",
                SQL("ALTER ROLE {} IN DATABASE {} SET role TO {}").format(
                    Identifier(user), Identifier(separation.database), Identifier(separation.owner)
                ),
                by=user,
            )


def _obstacles(separation: Separation, server: Server) -> Iterator[str]:
    database, owner = separation.database, separation.owner
    if not server.administers:
        yield f"the database `{database}` is not `{server.admin}`'s, who could close it otherwise"
    for user in separation.users:
        if user not in server.roles:
            yield f"the server has no user `{user}`"
    for name, role in sorted(server.roles.items()):
        if role.powers:
            yield f"`{name}` has {_words(role.powers)}, which no grant limits"
        if name == owner and role.can_login:
            yield f"the role `{owner}` can log in, and is somebody else's"
    own = {*separation.users, owner}
    for held in sorted(server.memberships):
        if held.member in own and held.role != owner and not is_owner(held.role):
            yield f"`{held.member}` is a member of `{held.role}`, and may do what that may"
        if held.role in separation.users and held.member != server.admin:
            yield f"`{held.member}` is a member of `{held.role}`, and may do what that may"


def _of_other_databases(separation: Separation, server: Server) -> Iterator[str]:
    if separation.users and not any(_renamed(separation, server)):
        for other in sorted(server.former_owners | server.other_owners):
            yield f"something in it belongs to `{other}`, which is another database's role"


def _owners_of_others(separation: Separation, server: Server) -> set[Membership]:
    """Return what makes a user a member of another project's owning role: ours to revoke."""
    return {
        held
        for held in server.memberships
        if held.member in separation.users and held.role != separation.owner and is_owner(held.role)
    }


def _words(privileges: frozenset[str]) -> str:
    return ", ".join(sorted(privileges))


def _count(connections: int) -> str:
    return "any number of connections" if connections < 0 else f"{connections} connections"
