"""A PostgreSQL cluster as DigitalOcean's, with tenants: real servers, one a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from infra_apply.postgres.admin import Admin
from infra_apply.postgres.model import Separation, Server
from infra_apply.postgres.separate import separate
from infra_apply.rehearsal.postgres import launch
from infra_apply.rehearsal.postgres.launch import PostgresServer
from tests.rehearsal.postgres.lab import CLUSTER, Rehearsed, data_of, rehearsed, write_account


@dataclass(frozen=True, slots=True)
class Tenants:
    """A cluster with databases, each with a user of its name; `passwords` are the users'."""

    account: Rehearsed
    passwords: dict[str, str]

    @property
    def admin(self) -> Admin:
        connection = self.account.cluster["connection"]
        return Admin(
            CLUSTER,
            (connection["host"],),
            connection["port"],
            connection["user"],
            connection["database"],
            connection["password"],
        )

    def separate(self, of: Separation) -> Server:
        return separate(self.admin, of, self.passwords.__getitem__)

    def login(self, user: str, database: str | None = None) -> psycopg.Connection[Any]:
        return self.account.login(user, self.passwords[user], database or user)

    def may_log_in(self, user: str, database: str) -> bool:
        try:
            self.login(user, database).close()
        except psycopg.OperationalError as error:
            if "permission denied for database" not in str(error):
                raise
            return False
        return True

    def as_admin(self, *statements: str, database: str = "defaultdb") -> None:
        for statement in statements:
            self.account.query(statement, database=database)

    def as_superuser(self, *statements: str, database: str = "postgres") -> None:
        """What nobody outside of DigitalOcean could do."""
        server = PostgresServer(data_of(self.account.directory), self.account.port)
        with launch.connect(server, database) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def tenants(directory: Path, names: Iterable[str], version: str = "18") -> Iterator[Tenants]:
    """Give a cluster of a version with tenants of these names."""
    write_account(directory, version=version)
    with rehearsed(directory) as account:
        yield Tenants(account, {name: account.make(name) for name in names})


def separation(name: str) -> Separation:
    """What a tenant's database is to be."""
    return Separation(name, (name,))
