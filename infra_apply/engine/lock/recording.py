"""Keeps a record of a run beside the state, by which its lock can be told to be abandoned."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from infra_apply.engine.lock.machine import process, started_of, this_machine
from infra_apply.engine.lock.model import Machine, RunRecord, judge, new_lock_of
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.errors import Retry
from infra_apply.terminal.layout import StatusLine


class Attempt(Protocol):
    """A call of `engine.run.run` that lacks these two arguments alone, by functools.partial."""

    def __call__(self, *, on_start: Callable[[int], None], on_tick: Callable[[], None]) -> Outcome:
        """Run the engine."""


def run_recorded(
    attempt: Attempt, site: LockSite, status_line: StatusLine, on_tick: Callable[[], None]
) -> Outcome:
    """Run the engine, and keep a record beside the state for as long as its lock may be there."""
    machine = this_machine()
    recorder = _Recorder(site, machine, status_line)

    def tick() -> None:
        recorder.see_lock()
        on_tick()

    try:
        outcome = attempt(on_start=recorder.start, on_tick=tick)
    except Retry:
        recorder.forget()  # another run has the lock: what looked like ours was not
        raise
    finally:
        recorder.forget_unless_locked()
    _forget_gone(site, machine)
    return outcome


def _forget_gone(site: LockSite, machine: Machine) -> None:
    """Delete records of runs that are gone and hold no lock any more."""
    records, names = site.read_records(), {lock.name for lock in site.read_locks()}
    for file, record in records.items():
        if record.lock not in names and judge(record, machine, started_of) == "gone":
            site.delete_record(file)


class _Recorder:
    """Keeps the record of one run: its processes when it starts, its lock file once it is there."""

    def __init__(self, site: LockSite, machine: Machine, status_line: StatusLine) -> None:
        self._site = site
        self._machine = machine
        self._status_line = status_line
        self._before = frozenset(lock.name for lock in site.read_locks() if lock.name)
        self._record: RunRecord | None = None
        self._file: Path | None = None
        self._is_refused = False

    def start(self, pid: int) -> None:
        """Record a process of the engine, in place of the one before it.

        A run has several: to create a stack locks it, too.
        """
        if self._is_refused:
            return
        self._record = RunRecord(self._machine, process(pid), process(os.getpid()))
        self._write()

    def see_lock(self) -> None:
        """Add the name of the run's lock file once it is there."""
        record = self._record
        if self._is_refused or record is None or record.lock is not None:
            return
        lock = new_lock_of(
            record.engine.pid, self._machine.host, self._before, self._site.read_locks()
        )
        if lock is not None:
            self._record = dataclasses.replace(record, lock=lock)
            self._write()

    def forget(self) -> None:
        """Delete the record, and keep none from now on."""
        if self._file is not None:
            self._site.delete_record(self._file)
        self._record = None

    def forget_unless_locked(self) -> None:
        """Delete the record of a run that has ended, unless the engine left its lock behind."""
        self.see_lock()
        names = {lock.name for lock in self._site.read_locks()}
        if self._record is None or self._record.lock not in names:
            self.forget()

    def _write(self) -> None:
        assert self._record is not None  # noqa: S101 - set by both callers
        try:
            self._file = self._site.write_record(self._record, self._file)
        except OSError as error:
            self._status_line.say(
                f"{self._site.stack}: this run cannot be recorded: {error}; if it is killed, its "
                "lock stays until --lift-lock"
            )
            self._is_refused = True
