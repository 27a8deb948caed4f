"""What holds for every test."""

from __future__ import annotations

import os
import platform
import signal
import stat
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.rehearsal.postgres.required import require_postgres
from tests.warm import WARM, warm_python

# How long an example takes says how loaded the machine is; a failure prints what replays it.
hypothesis.settings.register_profile("tests", deadline=None, print_blob=True)
hypothesis.settings.load_profile("tests")

POSTGRES = "INFRA_APPLY_REHEARSAL_POSTGRES"
SLOW = ("engine", "process", "browser")
STARTS_A_PROCESS = {
    "subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system",
}  # fmt: skip


def pytest_configure() -> None:
    """Tests that interrupt what they started must see it end, whatever started them.

    A background job of a script is started with SIGINT ignored, and so would be its children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[POSTGRES] = "off"  # a server takes longer to make than most tests take
    platform.processor()  # asks `uname` once a process; an API client's user agent wants it
    sys.addaudithook(_refuse_processes)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Let one worker more than there are cores run: the end-to-end tests wait for a fifth of it.

    The quick ones never wait, and to start a worker takes as long as two hundred of them.
    """
    cores = os.cpu_count() or 1
    return cores if "not engine" in config.getoption("markexpr") else cores + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes long first: the quick tests then fill what the workers have left."""
    items.sort(key=lambda item: item.get_closest_marker("engine") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Only a test that is marked as one may start a process: the quick ones stay quick."""
    _running.append(_unmarked(item))
    try:
        return (yield)
    finally:
        _running.pop()


_running: list[str] = []


def _unmarked(item: pytest.Item) -> str:
    """Return the test's name, or nothing where a mark lets it start processes."""
    return "" if any(item.get_closest_marker(name) for name in SLOW) else item.nodeid


def _refuse_processes(event: str, _: tuple[object, ...]) -> None:
    if event in STARTS_A_PROCESS and _running and _running[-1]:
        raise RuntimeError(
            f"{_running[-1]} starts a process: mark it with one of {', '.join(SLOW)}"
        )


@pytest.fixture(scope="session")
def warm_interpreters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lead what is started to a `python` that has imported everything already, in `.venv`'s place.

    Tests in the same process that come later are led to it, too.
    """
    with (
        warm_python(tmp_path_factory.mktemp("warm")) as python,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(WARM, str(python.parent.parent))
        yield python


@pytest.fixture
def postgres_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the PostgreSQL clusters of the test's rehearsals be real servers."""
    require_postgres()
    monkeypatch.setenv(POSTGRES, "on")


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write an executable sh script at a path below tmp_path."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write
