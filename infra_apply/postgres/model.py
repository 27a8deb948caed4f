"""What keeps a database to its project, as it should be and as a server says it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra_apply import naming

PUBLIC: Final = ""
"""Stands for everybody in a list of privileges; no role has an empty name."""

DATABASE_PRIVILEGES: Final = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
SCHEMA_PRIVILEGES: Final = frozenset({"CREATE", "USAGE"})


@dataclass(frozen=True, slots=True)
class Separation:
    """Who may use a database, and with how many connections at once.

    `users` are its project's own; each may do all that another may. `connections` is None for a
    share of what the server has. Without users it is closed to all whom no grant names, and left
    as it is otherwise.
    """

    database: str
    users: tuple[str, ...]
    connections: int | None = None

    @property
    def owner(self) -> str:
        """The role that owns what is made in the database, whichever user makes it."""
        name = f"{naming.OWNING_ROLE}{self.database}"
        if len(name.encode()) <= _LONGEST_NAME:
            return name
        digest = hashlib.sha256(self.database.encode()).hexdigest()
        return naming.OWNING_ROLE + digest[: _LONGEST_NAME - len(naming.OWNING_ROLE)]


@dataclass(frozen=True, slots=True)
class Role:
    """A role: `powers` are what it may do beyond its grants, in the words of CREATE ROLE.

    `connections` is how many it may have at once; -1 is no limit.
    """

    name: str
    powers: frozenset[str] = frozenset()
    can_login: bool = True
    connections: int = -1


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """That a role is a member of another; `admin`: it may make others members.

    `inherits` says that it may do what that role may, or may become it.
    """

    role: str
    member: str
    admin: bool = False
    inherits: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of one database and of those who may use it.

    `admin` is who asks. `roles` are the users asked about and the owning role, those that there
    are; `memberships` all that have one of these on either side. `grants` and `schema_grants` say
    who has which privileges on the database and on its schema `public`, administrators aside;
    `schema_grants` is None where the schema could not be looked at, or is not there. `admitted` are
    those beside users and administrators who can connect, whatever lets them. `holders` are the
    users to whom something in the database belongs or is granted by name. `session_roles` are what
    users' sessions in the database begin as, where it is another role. `capacity` is how many
    connections the server takes, `connections` how many the database does. `open_databases` are
    those that everybody may connect to. Other databases' owning roles that something in this one
    belongs to are `former_owners` where no database has their name, as after a rename, and
    `other_owners` else. `administers` says
    whether the database is the administrator's, and `manages_users` whether the users are.
    """

    admin: str
    roles: Mapping[str, Role]
    memberships: frozenset[Membership]
    grants: Mapping[str, frozenset[str]]
    schema_grants: Mapping[str, frozenset[str]] | None
    admitted: frozenset[str]
    holders: frozenset[str]
    session_roles: Mapping[str, str]
    capacity: int
    connections: int
    open_databases: frozenset[str] = frozenset()
    former_owners: frozenset[str] = frozenset()
    other_owners: frozenset[str] = frozenset()
    administers: bool = True
    manages_users: bool = False

    def limit(self, separation: Separation) -> int:
        """Return how many connections a project may have: what is wished, else a quarter of all.

        A quarter is at least five; there are never more than the server takes.
        """
        share = max(self.capacity // _SHARE, _AT_LEAST)
        return min(separation.connections or share, self.capacity)


def is_owner(role: str) -> bool:
    """Say whether a role is one that owns a database's things, by its name."""
    return role.startswith(naming.OWNING_ROLE)


def database_of(owner: str) -> str:
    """Return the name of the database whose things a role owns, as far as its own name says it."""
    return owner.removeprefix(naming.OWNING_ROLE)


_LONGEST_NAME: Final = 63  # bytes; PostgreSQL cuts what is longer
_SHARE: Final = 4
_AT_LEAST: Final = 5
