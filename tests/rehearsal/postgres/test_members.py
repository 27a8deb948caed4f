"""What the API makes, changes and drops is so in the cluster's server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier

from tests.rehearsal.postgres.lab import Rehearsed, rehearsed

pytestmark = pytest.mark.process
HOSTILE = (
    'a"b', "'; DROP ROLE doadmin; --", "{} {0} %s %(a)s", "Groß Öre", "select", "-", "a.b c",
    "x" * 63, "\\", "$1",
)  # fmt: skip
OWN = {"postgres", "template0", "template1", "defaultdb", "doadmin", "public", "none"}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    with rehearsed(tmp_path_factory.mktemp("account") / "kept") as served:
        yield served


@pytest.fixture
def name() -> str:
    """A name that no other test of the module has."""
    return f"shop-{secrets.token_hex(4)}"


def test_the_admin_is_no_superuser_and_owns_every_database(account: Rehearsed, name: str) -> None:
    account.make(name)
    query = """
        SELECT rolcanlogin, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolsuper
        FROM pg_roles WHERE rolname = %s
    """
    assert account.query(query, "doadmin") == [(True, True, True, True, True, False)]
    assert account.query(query, name) == [(True, False, False, False, False, False)]
    owners = account.query(
        "SELECT datname FROM pg_database WHERE datdba = 'doadmin'::regrole AND datname = ANY(%s)",
        ["defaultdb", name],
    )
    assert {row[0] for row in owners} == {"defaultdb", name}


def test_nobody_is_a_member_of_a_user_that_the_api_made(account: Rehearsed, name: str) -> None:
    account.make(name)
    query = "SELECT 1 FROM pg_auth_members WHERE roleid = %s::regrole OR member = %s::regrole"
    quoted = f'"{name}"'
    assert account.query(query, quoted, quoted) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        account.query(SQL("ALTER ROLE {} CONNECTION LIMIT 3").format(Identifier(name)))


def test_the_connection_that_the_api_answers_is_open_and_without_tls(account: Rehearsed) -> None:
    status, body = account.ask("GET", "")
    connection = body["database"]["connection"]
    assert status == 200
    assert (connection["host"], connection["ssl"]) == ("127.0.0.1", False)
    assert body["database"]["private_connection"] == connection
    with psycopg.connect(connection["uri"]) as opened:
        row = opened.execute("SELECT current_user, current_database()").fetchone()
    assert row == ("doadmin", "defaultdb")


def test_a_user_logs_in_with_its_own_password_only(account: Rehearsed, name: str) -> None:
    password, other = account.make(name), f"{name}-2"
    account.make(other)
    with account.login(name, password, name) as connection:
        connection.execute("CREATE TEMPORARY TABLE basket ()")
    for user in (other, "doadmin", "postgres"):
        with pytest.raises(psycopg.OperationalError):
            account.login(user, password, name)


def test_what_the_api_deletes_is_gone(account: Rehearsed, name: str) -> None:
    password = account.make(name)
    with account.login(name, password, name) as open_connection:
        assert account.ask("DELETE", f"dbs\t{name}")[0] == 204
        with pytest.raises(psycopg.OperationalError):
            open_connection.execute("SELECT 1")
    assert account.ask("DELETE", f"users\t{name}")[0] == 204
    with pytest.raises(psycopg.OperationalError):
        account.login(name, password, "defaultdb")
    assert account.query("SELECT 1 FROM pg_database WHERE datname = %s", name) == []
    assert account.query("SELECT 1 FROM pg_roles WHERE rolname = %s", name) == []


def test_a_user_that_owns_something_is_not_deleted(account: Rehearsed, name: str) -> None:
    password = account.make(name)
    allow = SQL("GRANT CREATE ON SCHEMA public TO {}").format(Identifier(name))
    account.query(allow, database=name)
    with account.login(name, password, name) as connection:
        connection.execute("CREATE TABLE orders ()")
    status, body = account.ask("DELETE", f"users\t{name}")
    assert status == 422
    assert "cannot be dropped because some objects depend on it" in body["message"]
    assert account.ask("GET", f"users\t{name}")[0] == 200
    with account.login(name, password, name) as connection:
        connection.execute("SELECT * FROM orders")


@pytest.mark.parametrize("user", ["doadmin", None])
def test_after_a_reset_only_the_new_password_opens(
    account: Rehearsed, name: str, user: str | None
) -> None:
    account.make(name)
    user = user or name
    old = account.ask("GET", f"users\t{user}")[1]["user"]["password"]
    status, body = account.ask("POST", f"users\t{user}\treset_auth", {})
    assert status == 200
    account.login(user, body["user"]["password"], name).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        account.login(user, old, name)


def test_a_user_may_be_let_replicate(account: Rehearsed, name: str) -> None:
    account.make(name)
    for allowed in (True, False):
        settings = {"settings": {"pg_allow_replication": allowed}}
        assert account.ask("PUT", f"users\t{name}", settings)[0] == 201
        query = "SELECT rolreplication FROM pg_roles WHERE rolname = %s"
        assert account.query(query, name) == [(allowed,)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_is_taken_as_it_is_written(account: Rehearsed, hostile: str) -> None:
    password = account.make(hostile)
    with account.login(hostile, password, hostile) as connection:
        row = connection.execute("SELECT current_user, current_database()").fetchone()
    assert row == (hostile, hostile)
    assert [account.ask("DELETE", f"{kind}\t{hostile}")[0] for kind in ("dbs", "users")] == [
        204
    ] * 2


@settings(max_examples=20)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=63))
def test_any_name_that_fits_is_taken_as_it_is_and_goes_with_an_edit(
    account: Rehearsed, text: str
) -> None:
    assume(len(text.encode()) <= 63 and not text.startswith("pg_") and text not in OWN)
    before = account.cluster
    account.make(text)
    there = "SELECT rolname = %s FROM pg_roles WHERE rolname = %s"
    assert account.query(there, text, text) == [(True,)]
    account.server.edit(lambda state: state | {"databases": [before]})
    assert account.query(there, text, text) == []
    assert account.query("SELECT 1 FROM pg_database WHERE datname = %s", text) == []


@pytest.mark.parametrize(
    ("kind", "refused", "status"),
    [
        ("dbs", "x" * 64, 422),
        ("users", "ü" * 32, 422),
        ("users", "a\0b", 422),
        ("dbs", "\ud800", 422),
        ("dbs", "postgres", 422),
        ("dbs", "template1", 422),
        ("users", "postgres", 409),
        ("users", "pg_shop", 500),
        ("users", "public", 500),
    ],
)
def test_a_name_that_postgresql_would_change_or_has_itself_is_refused(
    account: Rehearsed, kind: str, refused: str, status: int
) -> None:
    before = account.cluster
    assert account.ask("POST", kind, {"name": refused})[0] == status
    assert account.cluster == before


def test_a_failed_statement_is_answered_in_postgresqls_words(account: Rehearsed) -> None:
    _, body = account.ask("POST", "users", {"name": "pg_shop"})
    assert body["message"] == 'PostgreSQL of cluster shared-pg: role name "pg_shop" is reserved'


def test_what_is_there_already_is_taken_over(account: Rehearsed, name: str) -> None:
    for kind in ("USER", "DATABASE"):
        account.query(SQL("CREATE {} {}").format(SQL(kind), Identifier(name)))
    account.login(name, account.make(name), name).close()


def test_as_many_connections_as_digitalocean_gives_and_no_more(account: Rehearsed) -> None:
    with ExitStack() as stack:
        for _ in range(22):
            admin = account.cluster["connection"]
            stack.enter_context(account.login("doadmin", admin["password"], "defaultdb"))
        with pytest.raises(psycopg.OperationalError, match="connection slots are reserved"):
            account.query("SELECT 1")
        # The API comes in by those that are reserved.
        assert account.ask("POST", "dbs", {"name": secrets.token_hex(8)})[0] == 201
