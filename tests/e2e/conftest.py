"""What every end-to-end test needs: the real engine and a simulated DigitalOcean."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from infra_apply.engine.install import find
from tests.e2e.company import copy_of, write_company
from tests.e2e.shell import Shell

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def engine() -> find.Engine:
    found = find.find(os.environ)
    assert found is not None, "no engine: run `make setup`"
    return found


@pytest.fixture(scope="session", autouse=True)
def started_warm(warm_interpreters: Path) -> None:
    """Start the command line and all that the engine starts in interpreters that are warm."""


@pytest.fixture(autouse=True)
def every_route_is_modelled(tmp_path: Path) -> Iterator[None]:
    """See that the simulated API knew every route that a test used."""
    yield
    for log in tmp_path.rglob("requests.jsonl"):
        requests = [json.loads(line) for line in log.read_text().splitlines()]
        assert [request for request in requests if request["status"] == 501] == []


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[Path], Shell]:
    """Give a shell in a project's folder."""
    return lambda project: Shell(project, tmp_path / "account")


@pytest.fixture
def company(tmp_path: Path) -> Shell:
    """A company of three hosts and two databases, of which nothing is made yet."""
    return Shell(write_company(tmp_path), tmp_path / "account")


@pytest.fixture(scope="session")
def applied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Apply the company, once for all the processes that run tests; nobody changes this one."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    applied = shared / "applied-company"
    with (shared / "applied-company.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not applied.exists():
            begun = tmp_path_factory.mktemp("begun")
            Shell(write_company(begun), begun / "account").json("up")
            begun.rename(applied)
    return applied


@pytest.fixture
def applied(applied_folder: Path, tmp_path: Path) -> Shell:
    """The same company, applied: a copy of its project, its account and its state."""
    return copy_of(applied_folder, tmp_path)


@pytest.fixture
def example(tmp_path: Path) -> Shell:
    """Give a shell in a copy of this repository's own project and example company."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("stacks", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    return Shell(folder, tmp_path / "account")
