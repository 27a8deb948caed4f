"""Two users of a database take turns while its service works, and no query fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from infra_apply.reconcile.logins import Wish
from infra_apply.rehearsal.session import Options, serve_api
from tests.companies import manifest, write
from tests.e2e.company import changes, configure, copy_of, edit_account, play, remove
from tests.e2e.shell import Shell, command
from tests.rehearsal.postgres.required import require_postgres

pytestmark = pytest.mark.engine

QUERIES = 10_000
STACK = ("--stack", "prod")


class Service(Thread):
    """Works over short connections to the URL that it was given when it was last reloaded."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = self.used = url
        self.queries = 0
        self.failures: list[str] = []
        self.ending = Event()

    def run(self) -> None:
        while not self.ending.is_set():
            self.used = self.url
            try:
                with psycopg.connect(self.used, autocommit=True) as connection:
                    for _ in range(20):
                        connection.execute("UPDATE orders SET number = number + 1")
                        self.queries += 1
            except psycopg.Error as error:
                self.failures.append(str(error))

    def reload(self, url: str) -> None:
        """Take another URL, and see that the former one is not used any more."""
        self.url = url
        while self.used != url:
            self.ending.wait(0.01)


@contextmanager
def working(url: str) -> Iterator[Service]:
    service = Service(url)
    service.start()
    try:
        yield service
    finally:
        service.ending.set()
        service.join(30)


def database_url(company: Shell) -> str:
    return variables_of(company, "shop")["DATABASE_URL"]


def rotate(company: Shell, *words: str) -> tuple[int, str]:
    """Rotate, and see that no password is printed; returns the exit code and what was said."""
    known = passwords(company)
    done = company.run("db", "rotate", "shop", *STACK, "--account", company.account, *words)
    for password in {*known.values(), *passwords(company).values()}:
        assert password not in done.stdout + done.stderr
    return done.returncode, done.stderr


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company of one database, applied."""
    require_postgres()
    folder = tmp_path_factory.mktemp("rotated")
    database = {"cluster": "shared-pg", "name": "shop", "user": "shop"}
    manifests = {
        "shop/.infra.yaml": manifest("shop", provider="mac", database=database),
        "mail/.infra.yaml": manifest("mail", provider="mac"),
    }
    company = Shell(write(folder, manifests), folder / "account")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFRA_APPLY_REHEARSAL_POSTGRES", "on")
        done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def company(
    kept: Path, tmp_path: Path, postgres_servers: None, warm_interpreters: Path
) -> Iterator[Shell]:
    """A copy of it, whose cluster is a server that runs on."""
    del postgres_servers, warm_interpreters
    company = copy_of(kept, tmp_path)
    with serve_api(Options(None, company.account, postgres=True), None):
        yield company


def test_no_query_fails_while_two_users_take_turns(company: Shell) -> None:
    first = database_url(company)
    execute(first, "CREATE TABLE orders AS SELECT 0 AS number", "CREATE TABLE old (id int)")
    with working(first) as service:
        code, said = rotate(company)
        assert code == 0, said
        assert "then: infra-apply db rotate shop --close --stack prod" in said
        second = database_url(company)
        assert (":shop_2:" in second.replace("//", ":"), second != first) == (True, True)
        with psycopg.connect(first) as session:
            session.execute("SELECT 1")
            code, said = rotate(company, "--close")
            assert (code, "`shop` is in use: it has" in said) == (1, True), said
        service.reload(second)
        execute(second, "ALTER TABLE orders ADD COLUMN note text", "DROP TABLE old")
        code, said = rotate(company, "--close")
        assert code == 0, said
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(first)
        code, said = rotate(company)
        assert code == 0, said
        third = database_url(company)
        assert third.split("@")[0] not in {first.split("@")[0], second.split("@")[0]}
        service.reload(third)
        code, said = rotate(company, "--close")
        assert code == 0, said
        while service.queries < QUERIES and not service.failures:
            service.ending.wait(0.05)
    assert service.failures == []
    assert service.queries >= QUERIES
    for closed in (first, second):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(closed)
    execute(third, "DROP TABLE orders")


def variables_of(company: Shell, project: str) -> dict[str, str]:
    words = ("env", project, *STACK, "--account", company.account, "--format", "json")
    done = company.run(*words)
    assert done.returncode == 0, done.stderr
    known: dict[str, str] = json.loads(done.stdout)
    return known


def passwords(company: Shell) -> dict[str, str]:
    (cluster,) = company.state_of_account()["databases"]
    return {user["name"]: user["password"] for user in cluster["users"]}


def test_where_nobody_can_take_over_the_one_password_is_changed_and_known_at_once(
    applied: Shell,
) -> None:
    before = passwords(applied)
    words = ("shop", *STACK, "--account", applied.account)
    refused = applied.run("db", "rotate", *words)
    assert (refused.returncode, passwords(applied)) == (1, before)
    assert "infra-apply db reset-password shop --stack prod" in refused.stderr
    done = applied.run("db", "reset-password", *words)
    assert done.returncode == 0, done.stderr
    assert "new connections with the old password fail" in done.stderr
    after = passwords(applied)
    assert {name for name in after if after[name] != before[name]} == {"shop"}
    assert variables_of(applied, "shop")["DATABASE_PASSWORD"] == after["shop"]
    assert after["shop"] not in done.stdout + done.stderr


def test_a_password_changed_elsewhere_is_a_changed_output_and_no_change_of_the_database(
    applied: Shell,
) -> None:
    def change(account: Any) -> None:
        (user,) = (held for held in account["databases"][0]["users"] if held["name"] == "wiki")
        user["password"] = "AVNS_from_the_console"

    before = passwords(applied)["wiki"]
    edit_account(applied, change)
    assert changes(applied.json("preview")) == set()
    assert variables_of(applied, "wiki")["DATABASE_PASSWORD"] == before
    assert changes(applied.json("up")) == set()
    assert variables_of(applied, "wiki")["DATABASE_PASSWORD"] == "AVNS_from_the_console"


def users_of(company: Shell) -> set[str]:
    return passwords(company).keys() - {"doadmin"}


def test_a_lost_answer_in_a_rotation_makes_no_third_user_and_both_go_with_their_database(
    company: Shell,
) -> None:
    faults = play(
        company,
        "- {method: POST, path: /v2/databases/*/users, when: after, drop: true}",
    )
    wish = {**os.environ, **Wish("shop", "shop_2").environ}
    done = company.rehearse("up", *faults, env=wish)
    assert done.returncode == 0, done.stderr
    assert "the answer was lost" in done.stderr
    assert users_of(company) == {"shop", "shop_2"}
    execute(database_url(company), "SELECT 1")
    again = company.rehearse("up", env=wish)
    assert (again.returncode, again.stdout) == (0, "6 unchanged\n"), again.stderr
    assert variables_of(company, "shop")["DATABASE_USER"] == "shop_2"
    remove(company, "shop")
    configure(company, retired={"shop": "destroy"})
    gone = company.rehearse("up", "--allow-delete", "3")
    assert gone.returncode == 0, gone.stderr
    assert users_of(company) == set()


def test_a_rotation_that_is_killed_is_finished_by_the_same_command(company: Shell) -> None:
    first = database_url(company)
    words = ("db", "rotate", "shop", *STACK, "--account", company.account)
    with subprocess.Popen(
        [*command(), *words],
        cwd=company.project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while "shop_2" not in users_of(company):
            assert process.poll() is None
            Event().wait(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    execute(first, "SELECT 1")  # the service goes on with what it has
    code, said = rotate(company)
    assert code == 0, said
    second = database_url(company)
    assert "//shop_2:" in second
    execute(first, "SELECT 1")
    execute(second, "SELECT 1")
    code, said = rotate(company, "--close")
    assert code == 0, said
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first)
