"""Waiting for a lock, and lifting it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from infra_apply.engine.lock.machine import this_machine
from infra_apply.engine.lock.model import Process, RunRecord
from infra_apply.engine.lock.waiting import Patience, lift_locks, wait_until_free, work_under_way
from infra_apply.engine.run import Outcome
from infra_apply.errors import LockHolder, Outage, Refusal, Retry
from tests.engine.lock.stacks import DONE, HOST, SINCE, Stack


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
