"""A served account with one PostgreSQL cluster, which is a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import urllib3

from infra_apply.rehearsal.postgres import data_folder
from infra_apply.rehearsal.session import POSTGRES, Options, serve_api
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server
from infra_apply.rehearsal.simulator.storage import AccountFiles
from tests.rehearsal.postgres.required import require_postgres

CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """An account that is served; `directory` holds it."""

    directory: Path
    server: Server

    @property
    def cluster(self) -> Any:
        return self.server.state()["databases"][0]

    @property
    def port(self) -> int:
        port: int = self.cluster["connection"]["port"]
        return port

    @property
    def pid(self) -> int:
        running = data_folder.find_running(data_of(self.directory))
        assert running is not None
        return running.pid

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask the API for something of the cluster; returns the status and the body."""
        segments = "/".join(quote(segment, safe="") for segment in path.split("\t"))
        url = f"{self.server.url}/v2/databases/{CLUSTER}/{segments}"
        headers = {"Authorization": f"Bearer {self.server.token}"}
        with urllib3.PoolManager(retries=False) as pool:
            content = None if body is None else json.dumps(body)
            answer = pool.request(method, url, body=content, headers=headers)
        return answer.status, answer.json() if answer.data else None

    def make(self, name: str) -> str:
        """Make a user and a database of one name; returns the user's password."""
        status, body = self.ask("POST", "users", {"name": name})
        assert status == 201, body
        assert self.ask("POST", "dbs", {"name": name})[0] == 201
        password: str = body["user"]["password"]
        return password

    def login(self, user: str, password: str, database: str) -> psycopg.Connection[Any]:
        connection = self.cluster["connection"]
        return psycopg.connect(
            host=connection["host"],
            port=connection["port"],
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
        )

    def query(self, statement: Any, *values: Any, database: str = "defaultdb") -> list[Any]:
        """Return the rows that the cluster's admin gets."""
        admin = self.cluster["connection"]
        with self.login(admin["user"], admin["password"], database) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def rehearsed(directory: Path) -> Iterator[Rehearsed]:
    """Serve the account in a directory, which is a new one where there is none."""
    require_postgres()
    write_account(directory)
    remarks: list[str] = []
    options = Options(None, directory, postgres=True, remark=remarks.append)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(POSTGRES, "on")
            server = stack.enter_context(serve_api(options, None))
        assert remarks == []
        yield Rehearsed(directory, server)


def write_account(directory: Path, **changes: Any) -> None:
    """Write a new account, or change the cluster of the one that is there, as an editor would."""
    directory.mkdir(mode=0o700, exist_ok=True)
    AccountFiles(directory, seed(clusters=[("shared-pg", "pg")]))
    if changes:
        file = directory / "account.json"
        state = json.loads(file.read_text())
        state["databases"][0] |= changes
        file.write_text(json.dumps(state))


def data_of(directory: Path) -> Path:
    """Return the folder of the cluster's data."""
    return directory / "postgres" / CLUSTER
