"""Servers start, end, are copied, shared and killed with the account that they belong to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra_apply.errors import Refusal
from infra_apply.rehearsal.postgres import data_folder
from infra_apply.rehearsal.postgres.binaries import find_installations
from tests.rehearsal.postgres.lab import Rehearsed, data_of, rehearsed, write_account
from tests.rehearsal.postgres.required import require_postgres

pytestmark = pytest.mark.process
# A rehearsal of its own that says its port and goes on until it is ended.
PROGRAM = """
import sys, threading
from pathlib import Path
from tests.rehearsal.postgres.lab import rehearsed
with rehearsed(Path(sys.argv[1])) as account:
    print(account.port, flush=True)
    threading.Event().wait()
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account with a user and a database `shop`, in which there is a table."""
    directory = tmp_path_factory.mktemp("template") / "kept"
    with rehearsed(directory) as account:
        account.make("shop")
        account.query("CREATE TABLE orders AS SELECT 7 AS number", database="shop")
    return directory


@pytest.fixture
def directory(template: Path, tmp_path: Path) -> Path:
    """A copy of the template."""
    return shutil.copytree(template, tmp_path / "kept")


@pytest.fixture
def other_rehearsal(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that rehearses on the account already."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, directory],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline())
        yield process
        process.kill()


def numbers(account: Rehearsed) -> list[int]:
    return [row[0] for row in account.query("SELECT number FROM orders", database="shop")]


def is_running(directory: Path) -> bool:
    return data_folder.find_running(data_of(directory)) is not None


def connect(directory: Path) -> psycopg.Connection[Any]:
    """Connect as the admin to the address that the account's file says."""
    (cluster,) = json.loads((directory / "account.json").read_text())["databases"]
    return psycopg.connect(cluster["connection"]["uri"], autocommit=True)


def wait_for_the_end(connection: psycopg.Connection[Any]) -> None:
    """Wait until the server that a connection leads to is stopped."""
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(60)")


def test_an_account_has_the_same_address_and_data_when_it_is_run_again(directory: Path) -> None:
    with rehearsed(directory) as account:
        port = account.port
        account.query("INSERT INTO orders VALUES (8)", database="shop")
    assert not is_running(directory)
    with rehearsed(directory) as account:
        assert account.port == port
        assert numbers(account) == [7, 8]


def test_nobody_else_may_read_what_a_server_keeps(directory: Path) -> None:
    folder = data_of(directory)
    folder.chmod(0o755)  # as a copy without its modes has it
    with rehearsed(directory):
        for path in (folder.parent, folder, *folder.parent.glob("*.log")):
            assert path.stat().st_mode & 0o077 == 0


def test_no_password_is_in_a_servers_log(directory: Path) -> None:
    with rehearsed(directory) as account:
        password = account.make("lime")
        assert account.ask("POST", "users", {"name": "pg_lime"})[0] == 500
    written = b"".join(path.read_bytes() for path in directory.glob("postgres/*.log"))
    assert b"is reserved" in written
    assert password.encode() not in written and b"SCRAM" not in written


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_rehearsal(
    directory: Path, other_rehearsal: subprocess.Popen[str], number: signal.Signals
) -> None:
    with connect(directory) as connection:
        other_rehearsal.send_signal(number)
        wait_for_the_end(connection)
    other_rehearsal.wait()


def test_two_rehearsals_of_one_account_share_its_server(directory: Path) -> None:
    with ExitStack() as first, ExitStack() as second:
        a = first.enter_context(rehearsed(directory))
        b = second.enter_context(rehearsed(directory))
        assert a.port == b.port
        pid = a.pid
        first.close()
        assert b.pid == pid
        assert numbers(b) == [7]
        second.close()
        assert not is_running(directory)


def test_a_rehearsal_beside_another_process_leaves_it_the_server(
    directory: Path, other_rehearsal: subprocess.Popen[str]
) -> None:
    with rehearsed(directory) as account:
        pid = account.pid
    assert is_running(directory)
    with rehearsed(directory) as account:
        assert account.pid == pid
        with connect(directory) as connection:
            other_rehearsal.kill()
            other_rehearsal.wait()
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_copy_has_its_own_server_even_while_the_first_is_in_use(
    directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    with rehearsed(directory) as account:
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns(".s.*"))
        with rehearsed(copy) as copied:
            assert copied.port != account.port
            assert copied.pid != account.pid
            copied.query("DELETE FROM orders", database="shop")
            assert (numbers(copied), numbers(account)) == ([], [7])
        assert numbers(account) == [7]


def test_a_server_that_was_killed_is_an_error_and_recovers_at_the_next_start(
    directory: Path,
) -> None:
    with rehearsed(directory) as account:
        account.query("INSERT INTO orders VALUES (8)", database="shop")
        with connect(directory) as connection:
            os.kill(account.pid, signal.SIGKILL)
            wait_for_the_end(connection)
        status, body = account.ask("POST", "dbs", {"name": "lime"})
        assert status == 500
        assert body["message"].startswith("PostgreSQL of cluster shared-pg: ")
        assert "lime" not in (directory / "account.json").read_text()
    with rehearsed(directory) as account:
        assert numbers(account) == [7, 8]
        account.make("lime")


def test_a_server_that_outlived_its_rehearsal_is_stopped_and_started_again(
    directory: Path, other_rehearsal: subprocess.Popen[str]
) -> None:
    server = data_folder.find_running(data_of(directory))
    assert server is not None
    asked = ["ps", "-o", "ppid=", "-p", str(server.pid)]
    os.kill(int(subprocess.run(asked, capture_output=True, check=True).stdout), signal.SIGKILL)
    other_rehearsal.kill()
    other_rehearsal.wait()
    assert is_running(directory)
    with rehearsed(directory) as account:
        assert account.pid != server.pid
        assert numbers(account) == [7]
    assert not is_running(directory)


def test_another_port_is_taken_where_somebody_else_has_the_last_one(directory: Path) -> None:
    with rehearsed(directory) as account:
        port = account.port
    with socket.create_server(("127.0.0.1", port)), rehearsed(directory) as account:
        assert account.port != port
        assert numbers(account) == [7]


def test_what_an_editor_changed_is_made_at_the_next_start(directory: Path) -> None:
    users = [
        {"name": "doadmin", "role": "primary", "password": "new admin's"},
        {"name": "shop", "role": "normal", "password": "new 'pw'"},
        {"name": "lime", "role": "normal", "password": "first"},
    ]
    dbs = [{"name": name} for name in ("defaultdb", "lime")]
    write_account(directory, users=users, dbs=dbs)
    with rehearsed(directory) as account:
        for user in users:
            account.login(user["name"], user["password"], "lime").close()
        with psycopg.connect(account.cluster["connection"]["uri"]) as connection:
            assert connection.info.user == "doadmin"
        # What the account has no more is left: nobody loses data by an edit.
        assert numbers(account) == [7]


def test_a_cluster_of_each_version_that_is_installed_runs_as_that_version(tmp_path: Path) -> None:
    require_postgres()
    majors = [installation.major for installation in find_installations()]
    assert 16 in majors
    for major in majors:
        directory = tmp_path / str(major)
        write_account(directory, version=str(major))
        with rehearsed(directory) as account:
            password = account.make("shop")
            with account.login("shop", password, "shop") as connection:
                assert connection.info.server_version // 10000 == major
        # What its data are of is what runs it, whatever is written later.
        write_account(directory, version="99")
        with rehearsed(directory) as account:
            account.login("shop", password, "shop").close()


def test_no_server_is_started_through_a_link(tmp_path: Path) -> None:
    write_account(tmp_path / "kept")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "kept" / "postgres").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal, match="is a link"), rehearsed(tmp_path / "kept"):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_path_may_be_as_long_as_paths_are(template: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100) / "with a space, a 'quote' and a comma"
    shutil.copytree(template, deep / "kept")
    with rehearsed(deep / "kept") as account:
        assert numbers(account) == [7]
