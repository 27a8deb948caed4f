"""The record that a run keeps of itself while it has its lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.engine.lock.machine import process, this_machine
from infra_apply.engine.lock.model import Process, RunRecord
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.errors import LockHolder, Outage, Retry
from tests.engine.lock.stacks import DONE, HOST, SINCE, Stack


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
