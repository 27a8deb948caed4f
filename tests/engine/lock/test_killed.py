"""Locks with the real engine: of runs at work, of killed ones, and where nothing can be written."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.model import Lock
from infra_apply.engine.lock.site import LockSite, find_site
from infra_apply.engine.lock.waiting import Patience, run_with_lock
from infra_apply.engine.run import Outcome, Verb
from infra_apply.errors import Outage, Retry
from infra_apply.terminal.layout import StatusLine
from tests.engine.slow_project import slow_project
from tests.engine.tiny_project import write_project

pytestmark = pytest.mark.engine

FOREIGN = '{"pid":7,"username":"bob","hostname":"there","timestamp":"2026-11-22T10:00:00Z"}'
UP = """
    import json, sys
    from pathlib import Path
    from infra_apply.engine.install.find import Engine
    from infra_apply.engine.lock.waiting import run_with_lock
    from infra_apply.terminal.layout import StatusLine
    engine, folder = Engine(Path(sys.argv[1]), "3.259.0", "cache", ""), Path(sys.argv[2])
    environ = json.loads(sys.argv[3])
    run_with_lock("up", engine=engine, pulumi_project=folder, stack="dev", environ=environ,
                  status_line=StatusLine(sys.stderr), on_event=lambda event: None,
                  create_stack=True)
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack `dev` of a project, run as its user would."""

    engine: Engine
    environ: Mapping[str, str]
    folder: Path
    stderr: io.StringIO = field(default_factory=io.StringIO)

    @property
    def site(self) -> LockSite:
        return find_site(self.engine, self.folder, "dev", self.environ)

    @property
    def lock_folder(self) -> Path:
        assert self.site.locks is not None
        return self.site.locks

    def run(self, verb: Verb, *, wait: float = 0, pause: Callable[[float], None]) -> Outcome:
        return run_with_lock(
            verb,
            engine=self.engine,
            pulumi_project=self.folder,
            stack="dev",
            environ=self.environ,
            status_line=StatusLine(self.stderr),
            patience=Patience(wait, pause=pause),
            on_event=lambda _event: None,
            create_stack=True,
        )

    def refuse(self) -> Retry:
        """Run it without waiting, and return why it did not."""
        with pytest.raises(Retry) as caught:
            self.run("refresh", pause=no_pause)
        return caught.value

    @contextmanager
    def started_up(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start an `up` in a process of its own."""
        words = [str(self.engine.path), str(self.folder), json.dumps(dict(self.environ))]
        command = [sys.executable, "-c", textwrap.dedent(UP), *words]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
            try:
                yield child
            finally:
                child.kill()


@pytest.fixture
def stack(real_engine: Engine, engine_environ: dict[str, str], tmp_path: Path) -> Stack:
    return Stack(real_engine, engine_environ, tmp_path / "project")


def no_pause(_seconds: float) -> None:
    pytest.fail("it waits")


def kill_session(leader: int) -> None:
    """Kill the engine that leads a session, and all that it started; all of them are gone then."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) == leader:
                process = os.pidfd_open(int(entry.name))
                signal.pidfd_send_signal(process, signal.SIGKILL)
                select.select([process], [], [], 30)
                os.close(process)
        except ProcessLookupError:
            continue


def only_lock(stack: Stack) -> tuple[Lock, int]:
    """Return the one lock that there is, and the pid of its engine."""
    (lock,) = stack.site.read_locks()
    assert lock.holder is not None
    return lock, lock.holder.pid


def test_a_killed_run_s_lock_stays_while_its_engine_is_at_work_and_alone_is_lifted_after(
    stack: Stack,
) -> None:
    with slow_project(stack.folder) as slow:
        with stack.started_up() as child:
            slow.wait_until_begun()
            lock, pid = only_lock(stack)
            child.kill()
        try:
            assert f"(process {pid}, which is at work)" in stack.refuse().message
            assert stack.site.read_locks() == (lock,)
        finally:
            kill_session(pid)
        foreign = stack.lock_folder / "foreign.json"
        foreign.write_text(FOREIGN)
        refused = stack.refuse()
        assert refused.message.startswith("stack dev is locked by bob@there (process 7) since ")
        assert [lock.name for lock in stack.site.read_locks()] == ["foreign.json"]
        assert f"the run that held its lock is gone ({lock.holder and lock.holder.user} " in (
            stack.stderr.getvalue()
        )
        foreign.unlink()
        assert stack.run("refresh", pause=no_pause).ok
        assert list(stack.lock_folder.iterdir()) == []
        assert stack.site.read_records() == {}


def test_a_second_run_waits_for_the_first_and_both_end_well(stack: Stack) -> None:
    with slow_project(stack.folder) as slow, ThreadPoolExecutor(1) as pool:
        first = pool.submit(stack.run, "up", pause=no_pause)
        pauses: list[float] = []

        def end_the_first(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 1:
                slow.finish()
                first.result()

        try:
            slow.wait_until_begun()
            second = stack.run("refresh", wait=600, pause=end_the_first)
        finally:
            slow.finish()
        assert first.result().ok and second.ok
    assert len(pauses) == 1
    assert "which is at work) since " in stack.stderr.getvalue()


def test_our_records_are_no_stacks_and_no_locks_to_the_engine(stack: Stack) -> None:
    write_project(stack.folder, "")
    assert stack.run("up", pause=no_pause).ok
    stack.site.records.mkdir(parents=True, exist_ok=True)
    (stack.site.records / "a.json").write_text("{}")
    listing = subprocess.run(
        [stack.engine.path, "stack", "ls", "--all", "--json"],
        cwd=stack.folder, env=dict(stack.environ), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [listed["name"] for listed in json.loads(listing.stdout)] == ["dev"]
    assert stack.run("up", pause=no_pause).ok


def test_where_no_lock_can_be_written_nothing_is_changed_and_the_engine_says_why(
    stack: Stack,
) -> None:
    write_project(stack.folder, "")
    assert stack.run("up", pause=no_pause).ok
    state = next((stack.lock_folder.parents[3] / "stacks").rglob("dev.json"))
    before = state.read_bytes()
    locks = stack.lock_folder.parents[2]
    locks.rename(locks.with_name("locks.away"))
    locks.write_text("a file where a folder should be, for root may write into any folder")
    with pytest.raises(Outage, match="the engine failed before it came to a resource") as caught:
        stack.run("up", pause=no_pause)
    assert "not a directory" in caught.value.message
    assert caught.value.state == "nothing was changed" and caught.value.exit_code == 3
    assert state.read_bytes() == before
