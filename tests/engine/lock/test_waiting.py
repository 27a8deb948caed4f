"""Waiting for a lock, lifting it, and keeping a record while a run has it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from infra_apply.engine.lock.machine import process, this_machine
from infra_apply.engine.lock.model import Process, RunRecord
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.lock.waiting import (
    Patience,
    lift_locks,
    run_when_free,
    wait_until_free,
    work_under_way,
)
from infra_apply.engine.run import Outcome
from infra_apply.errors import LockHolder, Outage, Refusal, Retry
from infra_apply.terminal import StatusLine

DONE = Outcome(ok=True, steps=(), diagnostics=(), duration=0.0, changes={})
SINCE = "2026-11-22T10:00:00Z"
IDLE = [sys.executable, "-c", "import sys; sys.stdin.read()"]
HOST = this_machine().host


@dataclass(slots=True)
class Stack:
    """A stack's locks, what a run said, and a clock that only pauses move."""

    site: LockSite
    stderr: io.StringIO = field(default_factory=io.StringIO)
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    attempts: int = 0
    on_pause: Callable[[], None] = lambda: None

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)
        self.on_pause()

    def run(self, attempt: Callable[..., Outcome] | None = None, wait: float = 60) -> Outcome:
        def count(**callbacks: Callable[..., None]) -> Outcome:
            self.attempts += 1
            return attempt(**callbacks) if attempt else DONE

        patience = Patience(wait, lambda: self.now, self.pause, lambda: 0.5)
        return run_when_free(count, self.site, self.status_line, patience=patience)

    @property
    def status_line(self) -> StatusLine:
        return StatusLine(self.stderr, lambda: self.now)

    def lock(self, pid: int, host: str = HOST, name: str = "a.json") -> Path:
        content = {"pid": pid, "username": "ada", "hostname": host, "timestamp": SINCE}
        return self.write_lock(json.dumps(content), name)

    def write_lock(self, content: str, name: str = "a.json") -> Path:
        assert self.site.locks is not None
        file = self.site.locks / name
        file.write_text(content)
        return file

    def record(self, engine: Process, lock: str | None = "a.json") -> RunRecord:
        record = RunRecord(this_machine(), engine, engine, lock)
        self.site.write_record(record)
        return record


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "locks").mkdir()
    return Stack(LockSite("dev", "file:///s", tmp_path / "locks", tmp_path / "records"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Stack:
    """Give a stack whose backend is no folder."""
    return Stack(LockSite("dev", "s3://state", None, tmp_path / "records"))


@pytest.fixture
def gone() -> Process:
    """Give a process that has ended."""
    with subprocess.Popen(IDLE, stdin=subprocess.PIPE) as child:
        return process(child.pid)


@pytest.fixture
def living() -> Iterator[Process]:
    """Give a process that is at work."""
    with subprocess.Popen(IDLE, stdin=subprocess.PIPE) as child:
        yield process(child.pid)


def test_a_free_stack_is_run_at_once_and_nothing_is_left(stack: Stack) -> None:
    assert stack.run() is DONE
    assert (stack.attempts, stack.pauses, stack.stderr.getvalue()) == (1, [], "")
    assert stack.site.read_records() == {}


@pytest.mark.process
def test_the_lock_of_a_run_that_is_gone_is_lifted_and_no_other(stack: Stack, gone: Process) -> None:
    stack.record(gone)
    file = stack.lock(gone.pid)
    other = stack.lock(gone.pid, name="b.json")  # of the same pid, and recorded nowhere
    with pytest.raises(Retry):
        stack.run(wait=0)
    assert not file.exists() and other.exists()
    assert f"dev: the run that held its lock is gone (ada@{HOST} (process" in (
        stack.stderr.getvalue()
    )
    other.unlink()
    assert stack.run() is DONE
    assert stack.site.read_records() == {}


@pytest.mark.process
def test_the_lock_of_a_process_at_work_is_waited_for_and_never_lifted(
    stack: Stack, living: Process
) -> None:
    stack.record(living)
    file = stack.lock(living.pid)
    with pytest.raises(Retry) as caught:
        stack.run(wait=60)
    assert file.exists() and stack.attempts == 0
    assert sum(stack.pauses) == 60
    words = f"stack dev is locked by ada@{HOST} (process {living.pid}, which is at work) since "
    assert caught.value.message == words + SINCE
    assert caught.value.next_step == "wait for it and run this again"
    assert caught.value.holders == (LockHolder(f"ada@{HOST}", living.pid, SINCE),)
    assert caught.value.exit_code == 3
    assert f"{words}{SINCE}; waiting (0 s)\n" in stack.stderr.getvalue()
    with pytest.raises(Refusal) as refused:
        lift_locks(stack.site, stack.status_line)
    assert file.exists() and refused.value.message == words + SINCE


@pytest.mark.process
def test_a_process_at_work_is_named_and_waited_for_before_anything_is_run(
    stack: Stack, living: Process
) -> None:
    stack.record(living)
    file = stack.lock(living.pid)
    words = work_under_way(stack.site)
    assert words is not None
    assert f"(process {living.pid}, which is at work) since {SINCE}" in words
    patience = Patience(60, lambda: stack.now, stack.pause, lambda: 0.5)
    with pytest.raises(Retry) as held:
        wait_until_free(stack.site, stack.status_line, patience)
    assert words in held.value.message
    assert stack.now == 60
    stack.on_pause = lambda: file.unlink(missing_ok=True)
    wait_until_free(stack.site, stack.status_line, patience)
    assert work_under_way(stack.site) is None


@pytest.mark.process
def test_a_run_that_is_gone_is_not_at_work(stack: Stack, gone: Process) -> None:
    stack.record(gone)
    stack.lock(gone.pid)
    assert work_under_way(stack.site) is None


@pytest.mark.process
def test_a_lock_whose_pid_a_later_process_has_is_lifted(stack: Stack, living: Process) -> None:
    stack.record(replace(living, started="0"))
    file = stack.lock(living.pid)
    assert stack.run() is DONE
    assert not file.exists()


@pytest.mark.process
@pytest.mark.parametrize(
    "changed",
    [
        {"machine_id": "another"},
        {"boot_id": "another"},
        {"pid_namespace": "pid:[1]"},
        {"host": "another"},
    ],
    ids=["machine", "boot", "pid namespace", "host"],
)
def test_a_lock_of_elsewhere_is_lifted_only_when_somebody_asks(
    changed: dict[str, str], stack: Stack, gone: Process
) -> None:
    machine = replace(this_machine(), **changed)
    stack.site.write_record(RunRecord(machine, gone, gone, "a.json"))
    file = stack.lock(gone.pid, machine.host)
    with pytest.raises(Retry) as caught:
        stack.run(wait=0)
    assert file.exists()
    assert caught.value.next_step.endswith(
        "if that process is gone for certain: run this again with --lift-lock"
    )
    lift_locks(stack.site, stack.status_line)
    assert not file.exists()
    assert stack.stderr.getvalue() == (
        f"dev: the lock of ada@{machine.host} (process {gone.pid}) since {SINCE} is lifted, "
        "as asked\n"
    )


def test_a_lock_without_a_record_is_lifted_only_when_somebody_asks(stack: Stack) -> None:
    file = stack.lock(2**22 + 1)
    with pytest.raises(Retry):
        stack.run(wait=0)
    assert file.exists()
    lift_locks(stack.site, stack.status_line)
    assert not file.exists() and stack.run() is DONE


def test_a_lock_file_that_cannot_be_read_is_named_and_lifted_only_when_somebody_asks(
    stack: Stack,
) -> None:
    file = stack.write_lock("")
    with pytest.raises(Retry, match=f"a run that cannot be named, since {file} cannot be") as (
        caught
    ):
        stack.run(wait=0)
    assert caught.value.holders == () and file.exists() and stack.attempts == 0
    lift_locks(stack.site, stack.status_line)
    assert stack.run() is DONE


def test_a_lock_that_cannot_be_deleted_is_an_outage(stack: Stack) -> None:
    folder = stack.write_lock("").with_name("b.json")
    folder.mkdir()  # unlink(2) takes none, whoever asks
    with pytest.raises(Outage, match="the lock of stack dev cannot be lifted") as caught:
        lift_locks(stack.site, stack.status_line)
    assert caught.value.exit_code == 3 and folder.exists()


def test_a_run_goes_on_as_soon_as_the_lock_is_free(stack: Stack) -> None:
    file = stack.lock(1, "elsewhere")

    def end_the_third_time() -> None:
        if len(stack.pauses) == 3:
            file.unlink()

    stack.on_pause = end_the_third_time
    assert stack.run(wait=600) is DONE
    assert stack.pauses == [3.0, 3.0, 3.0]


def test_a_lock_that_came_first_after_all_is_waited_for(stack: Stack) -> None:
    def lose_once(**_callbacks: Callable[..., None]) -> Outcome:
        if stack.attempts == 1:
            raise Retry("locked", holders=[LockHolder("bob@there", 7, SINCE)])
        return DONE

    assert stack.run(lose_once) is DONE
    assert stack.attempts == 2 and stack.pauses == [3.0]
    assert "stack dev is locked by bob@there (process 7) since" in stack.stderr.getvalue()


def test_a_conflict_without_a_holder_is_waited_for(elsewhere: Stack) -> None:
    conflict = Retry("stack dev is locked by another update")

    def lose(**_callbacks: Callable[..., None]) -> Outcome:
        raise conflict

    with pytest.raises(Retry) as caught:
        elsewhere.run(lose, wait=6)
    assert caught.value is conflict and elsewhere.pauses == [3.0, 3.0]


def test_where_no_single_lock_can_be_lifted_the_words_say_what_to_run(elsewhere: Stack) -> None:
    def lose(**_callbacks: Callable[..., None]) -> Outcome:
        raise Retry("locked", holders=[LockHolder("bob@there", 7, SINCE)])

    with pytest.raises(Retry) as caught:
        elsewhere.run(lose, wait=0)
    assert caught.value.next_step.endswith("pulumi cancel --stack dev")
    with pytest.raises(Refusal, match="kept in s3://state, where no single lock") as (refused):
        lift_locks(elsewhere.site, elsewhere.status_line)
    assert refused.value.next_step.startswith("when no other run is at work for certain: pulumi")


@pytest.mark.process
def test_where_locks_are_no_files_a_record_tells_that_the_run_is_gone(
    elsewhere: Stack, gone: Process
) -> None:
    elsewhere.record(gone, lock=None)

    def lose(**_callbacks: Callable[..., None]) -> Outcome:
        raise Retry("locked", holders=[LockHolder(f"bob@{HOST}", gone.pid, SINCE)])

    with pytest.raises(Retry, match=rf"\(process {gone.pid}, which is gone\)"):
        elsewhere.run(lose, wait=0)


def test_a_run_is_recorded_with_its_lock_while_it_is_at_work(stack: Stack) -> None:
    records: list[RunRecord] = []

    def attempt(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(1)
        on_start(os.getpid())
        records.extend(stack.site.read_records().values())
        file = stack.lock(os.getpid())
        on_tick()
        records.extend(stack.site.read_records().values())
        file.unlink()
        return DONE

    assert stack.run(attempt) is DONE
    us = process(os.getpid())
    bound = RunRecord(this_machine(), us, us, "a.json")
    assert records == [replace(bound, lock=None), bound]
    assert stack.site.read_records() == {}


@pytest.mark.process
def test_a_crash_that_leaves_its_lock_leaves_its_record_and_the_next_run_lifts_it(
    stack: Stack, gone: Process
) -> None:
    def crash(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(gone.pid)
        stack.lock(gone.pid)
        on_tick()
        raise Outage("the engine crashed")

    with pytest.raises(Outage):
        stack.run(crash)
    assert [record.lock for record in stack.site.read_records().values()] == ["a.json"]
    assert stack.run() is DONE
    assert stack.site.read_locks() == () and stack.site.read_records() == {}


@pytest.mark.process
def test_a_run_that_ends_and_cannot_take_its_lock_away_leaves_its_record(
    stack: Stack, gone: Process
) -> None:
    failed = replace(DONE, ok=False)

    def fail(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(gone.pid)
        stack.lock(gone.pid)
        on_tick()
        return failed

    assert stack.run(fail) is failed
    assert [record.lock for record in stack.site.read_records().values()] == ["a.json"]
    assert stack.run() is DONE


def test_a_run_that_lost_the_lock_keeps_no_record_of_what_looked_like_its_own(
    stack: Stack,
) -> None:
    def lose(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(os.getpid())
        stack.lock(os.getpid())  # another machine's, of the same name and pid
        on_tick()
        raise Retry("locked", holders=[LockHolder(f"ada@{HOST}", os.getpid(), SINCE)])

    with pytest.raises(Retry):
        stack.run(lose, wait=0)
    assert stack.site.read_records() == {}


def test_a_run_that_broke_off_without_a_lock_leaves_no_record(stack: Stack) -> None:
    def stop(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(os.getpid())
        on_tick()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stack.run(stop)
    assert stack.site.read_records() == {}


@pytest.mark.process
def test_the_record_of_another_run_at_work_stays(stack: Stack, living: Process) -> None:
    record = stack.record(living, lock=None)
    assert stack.run() is DONE
    assert list(stack.site.read_records().values()) == [record]


def test_a_run_that_cannot_be_recorded_goes_on_and_says_what_follows(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stack = Stack(LockSite("dev", "s3://state", None, tmp_path / "file" / "records"))

    def attempt(on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        on_start(1)
        on_start(os.getpid())
        on_tick()
        return DONE

    assert stack.run(attempt) is DONE
    assert stack.stderr.getvalue().count("dev: this run cannot be recorded: ") == 1
    assert "its lock stays until --lift-lock" in stack.stderr.getvalue()
