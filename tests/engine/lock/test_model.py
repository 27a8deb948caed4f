"""Locks and records as values: who holds a lock, and who is gone for certain."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.engine.lock.model import (
    Lock,
    Machine,
    Process,
    RunRecord,
    Verdict,
    judge,
    new_lock_of,
    read_lock,
    read_record,
    record_of,
    record_text,
)
from infra_apply.errors import LockHolder

HERE = Machine("box", "machine", "boot", "pid:[1]")
ENGINE = Process(41, "1000")
RECORD = RunRecord(HERE, ENGINE, Process(40, "900"), "a.json")
LOCK = Lock("a.json", b"{}", LockHolder("ada@box", 41, "2026-11-22T10:00:00Z"))


def test_a_lock_file_of_the_engine_is_read() -> None:
    # As engine 3.259.0 writes it.
    content = (
        b'{"pid":2804,"username":"root","hostname":"vm",'
        b'"timestamp":"2026-11-25T09:54:37.334368129Z"}'
    )
    assert read_lock("a.json", content).holder == LockHolder(
        "root@vm", 2804, "2026-11-25T09:54:37Z"
    )


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b"\xff", b'{"pid":"x"}', b"[" * 100_000]
)
def test_a_lock_file_that_makes_no_sense_is_a_lock_whose_holder_is_not_known(
    content: bytes,
) -> None:
    assert read_lock("a.json", content) == Lock("a.json", content, None)


def test_a_holder_s_name_steers_no_terminal() -> None:
    fields = {"pid": 1, "username": "\x1b[2J", "hostname": "h", "timestamp": "\x07"}
    holder = read_lock("a.json", json.dumps(fields).encode()).holder
    assert holder is not None
    assert holder.user.isprintable() and holder.since.isprintable()


@pytest.mark.parametrize(
    ("record", "lock", "running", "verdict"),
    [
        pytest.param(RECORD, LOCK, {}, "gone", id="its process is gone"),
        pytest.param(RECORD, LOCK, {41: "1000"}, "running", id="its process is at work"),
        pytest.param(RECORD, LOCK, {41: "1001"}, "gone", id="a later process has its pid"),
        pytest.param(RECORD, LOCK, {41: ""}, "unknown", id="the process may not be looked at"),
        pytest.param(
            replace(RECORD, engine=Process(41, "")),
            LOCK,
            {41: "1000"},
            "unknown",
            id="its start is not known",
        ),
        pytest.param(
            replace(RECORD, engine=Process(41, "")), LOCK, {}, "gone", id="gone, start not known"
        ),
        pytest.param(replace(RECORD, lock="b.json"), LOCK, {}, "unknown", id="another lock's"),
        pytest.param(replace(RECORD, lock=None), LOCK, {}, "unknown", id="it names no lock"),
        pytest.param(
            replace(RECORD, engine=Process(42, "1000")), LOCK, {}, "unknown", id="another pid"
        ),
        pytest.param(
            RECORD,
            replace(LOCK, holder=LockHolder("ada@other", 41, "")),
            {},
            "unknown",
            id="a lock of another host",
        ),
        pytest.param(
            replace(RECORD, machine=replace(HERE, machine_id="other")),
            LOCK,
            {},
            "unknown",
            id="another machine",
        ),
        pytest.param(
            replace(RECORD, machine=replace(HERE, boot_id="before")),
            LOCK,
            {},
            "unknown",
            id="before the machine started",
        ),
        pytest.param(
            replace(RECORD, machine=replace(HERE, pid_namespace="pid:[2]")),
            LOCK,
            {},
            "unknown",
            id="another pid namespace",
        ),
        pytest.param(RECORD, replace(LOCK, holder=None), {}, "unknown", id="an unreadable lock"),
    ],
)
def test_a_run_is_gone_only_where_all_is_known(
    record: RunRecord, lock: Lock, running: dict[int, str], verdict: Verdict
) -> None:
    assert judge(record_of(lock, [record]), HERE, running.get) == verdict


def test_without_a_record_nothing_is_known() -> None:
    assert judge(record_of(LOCK, []), HERE, lambda _pid: None) == "unknown"


def test_without_an_id_of_the_running_system_nothing_is_known() -> None:
    machine = replace(HERE, boot_id=None)
    assert judge(replace(RECORD, machine=machine), machine, lambda _pid: None) == "unknown"


NAMES = st.sampled_from(["a", "b"])
MACHINES = st.builds(Machine, NAMES, st.none() | NAMES, st.none() | NAMES, st.none() | NAMES)
PROCESSES = st.builds(Process, st.integers(1, 3), st.sampled_from(["", "1", "2"]))
RECORDS = st.builds(RunRecord, MACHINES, PROCESSES, PROCESSES, st.none() | NAMES)


@given(
    here=MACHINES,
    there=MACHINES,
    holder=PROCESSES,
    others=st.lists(RECORDS),
    running=st.dictionaries(st.integers(1, 3), st.sampled_from(["", "1", "2"])),
    recorded=st.booleans(),
)
def test_the_lock_of_a_living_process_is_never_taken_for_one_of_a_run_that_is_gone(
    *,
    here: Machine,
    there: Machine,
    holder: Process,
    others: list[RunRecord],
    running: dict[int, str],
    recorded: bool,
) -> None:
    """Its run alone names its file; other runs had any process, and the same pid at another time.

    Where it is one of this machine's, the system shows it, with its start or without.
    """
    lock = Lock("held.json", b"", LockHolder(f"ada@{there.host}", holder.pid, ""))
    records = [*others, RunRecord(there, holder, holder, "held.json")] if recorded else others
    seen = {**running, holder.pid: holder.started} if here == there else running
    assert judge(record_of(lock, records), here, seen.get) != "gone"


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(record: RunRecord) -> None:
    assert read_record(record_text(record)) == record


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"machine": {"x": 1}}'])
def test_what_is_no_record_is_none(text: str) -> None:
    assert read_record(text) is None


def test_a_run_s_lock_is_the_one_that_came_since_it_started() -> None:
    foreign = Lock("b.json", b"", LockHolder("ada@other", 41, ""))
    unreadable = Lock("c.json", b"", None)
    assert new_lock_of(41, "box", (), [LOCK, foreign, unreadable]) == "a.json"
    assert new_lock_of(42, "box", (), [LOCK]) is None
    assert new_lock_of(41, "box", ["a.json"], [LOCK]) is None


def test_of_two_locks_that_could_be_a_run_s_own_neither_is() -> None:
    assert new_lock_of(41, "box", (), [LOCK, replace(LOCK, name="b.json")]) is None
