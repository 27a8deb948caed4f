"""Runs the engine on a stack once nobody else is at work on it; lifts locks of runs that are gone.

A lock is lifted without asking only where our record of its run names its file, was made on this
machine since its start and in this pid namespace, and the engine's process is gone. `pulumi cancel`
is never used: it lifts every lock of a stack, those of living runs too.
"""

from __future__ import annotations

import dataclasses
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from infra_apply.engine.lock.machine import process, started_of, this_machine
from infra_apply.engine.lock.model import (
    Lock,
    Machine,
    RunRecord,
    Verdict,
    judge,
    new_lock_of,
    record_of,
)
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage, Refusal, Retry
from infra_apply.terminal import StatusLine

TEN_MINUTES: Final = 600.0
"""Seconds that a run waits for a lock where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock, in seconds, and by what; `chance` gives numbers of [0, 1)."""

    wait: float = TEN_MINUTES
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Attempt(Protocol):
    """A call of `engine.run.run` that lacks these two arguments alone, by functools.partial."""

    def __call__(
        self, *, on_start: Callable[[str, int], None], on_tick: Callable[[], None]
    ) -> Outcome:
        """Run the engine."""


def run_with_lock(
    attempt: Attempt,
    site: LockSite,
    status_line: StatusLine,
    *,
    on_tick: Callable[[], None] = lambda: None,
    patience: Patience = Patience(),
) -> Outcome:
    """Run the engine with a verb that takes the stack's lock (all but preview).

    While somebody else holds it, the status line says who, for up to `patience.wait` seconds.
    Raises Retry, with the holders, when it is still held then; else as `attempt` does.
    """
    deadline = patience.clock() + patience.wait
    while True:
        _lift_abandoned(site, status_line)
        locked = _locked(site, site.read_locks())
        if locked is None:
            try:
                return _run_recorded(attempt, site, status_line, on_tick)
            except Retry as refused:
                held = [Lock(None, b"", holder) for holder in refused.holders]
                locked = _locked(site, held) or refused
        remaining = deadline - patience.clock()
        if remaining <= 0:
            raise locked
        status_line.show(f"{locked.message}; waiting")
        patience.pause(min(remaining, _PAUSE * (0.5 + patience.chance())))


def lift_locks(site: LockSite, status_line: StatusLine) -> None:
    """Lift the locks that a stack has now, because somebody asked for it (`--lift-lock`).

    Call it once, before the first run. Each is read again immediately before, and stays unless it
    is the same. Raises Refusal for a run that is at work for certain, and on a backend where we
    delete no single file; Outage if a file may not be deleted.
    """
    if site.locks is None:
        raise Refusal(
            f"the locks of stack {site.stack} are kept in {site.backend or 'a place of its own'}, "
            "where this program lifts none",
            state="nothing was changed",
            next_step="when no other run is at work for certain: "
            f"pulumi cancel --stack {site.stack}, which lifts every lock of the stack",
        )
    _lift_abandoned(site, status_line)
    locks = site.read_locks()
    verdicts = _judge_all(site, locks)
    if living := [lock for lock in locks if verdicts[lock] == "running"]:
        raise Refusal(
            f"stack {site.stack} is locked by {_words(site, living, verdicts)}",
            state="the lock stays, and nothing was changed",
            next_step="wait for it, or end that process first: Ctrl-C lets it finish what is in "
            "flight",
        )
    for lock in locks:
        if _delete(site, lock):
            status_line.say(
                f"{site.stack}: the lock of {_holder_words(site, lock)} is lifted, as asked"
            )


def _lift_abandoned(site: LockSite, status_line: StatusLine) -> None:
    locks = site.read_locks()
    verdicts = _judge_all(site, locks)
    for lock in locks:
        if verdicts[lock] == "gone" and _delete(site, lock):
            status_line.say(
                f"{site.stack}: the run that held its lock is gone "
                f"({_holder_words(site, lock)}); the lock is lifted"
            )


def _delete(site: LockSite, lock: Lock) -> bool:
    try:
        return site.delete_lock(lock)
    except OSError as error:
        raise Outage(
            f"the lock of stack {site.stack} cannot be lifted: {error}",
            state="the stack stays locked, and nothing was changed",
            next_step="see to it that the folder can be written to, and run this again",
        ) from None


def _judge_all(site: LockSite, locks: Iterable[Lock]) -> Mapping[Lock, Verdict]:
    held = tuple(locks)
    if not held:
        return {}
    machine, records = this_machine(), site.read_records().values()
    return {lock: judge(record_of(lock, records), machine, started_of) for lock in held}


def _locked(site: LockSite, locks: Iterable[Lock]) -> Retry | None:
    """Return the failure that names who holds the locks; None where there is none."""
    held = tuple(locks)
    if not held:
        return None
    verdicts = _judge_all(site, held)
    if site.locks is None:
        lifting = f"pulumi cancel --stack {site.stack}"
    else:
        lifting = "run this again with --lift-lock"
    living = all(verdict == "running" for verdict in verdicts.values())
    return Retry(
        f"stack {site.stack} is locked by {_words(site, held, verdicts)}",
        state="nothing was changed by this run",
        next_step="wait for it and run this again"
        + ("" if living else f"; if that process is gone for certain: {lifting}"),
        holders=[lock.holder for lock in held if lock.holder is not None],
    )


def _words(site: LockSite, locks: Iterable[Lock], verdicts: Mapping[Lock, Verdict]) -> str:
    return "; ".join(_holder_words(site, lock, verdicts[lock]) for lock in locks)


def _holder_words(site: LockSite, lock: Lock, verdict: Verdict = "unknown") -> str:
    if lock.holder is None:
        folder = site.locks or Path()
        return f"a run that cannot be named, since {folder / str(lock.name)} cannot be read"
    return (
        f"{lock.holder.user} (process {lock.holder.pid}{_AS_SEEN[verdict]}) "
        f"since {lock.holder.since}"
    )


def _run_recorded(
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
        recorder.forget()
        raise
    except BaseException:
        recorder.forget_unless_locked()
        raise
    recorder.forget()
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

    def start(self, verb: str, pid: int) -> None:
        """Record the engine's process; `verb` is what it was started for."""
        if verb not in _LOCKING:
            return
        self._record = RunRecord(self._machine, process(pid), process(os.getpid()))
        self._write()

    def see_lock(self) -> None:
        """Add the name of the run's lock file once it is there."""
        record = self._record
        if self._file is None or record is None or record.lock is not None:
            return
        lock = new_lock_of(
            record.engine.pid, self._machine.host, self._before, self._site.read_locks()
        )
        if lock is not None:
            self._record = dataclasses.replace(record, lock=lock)
            self._write()

    def forget(self) -> None:
        """Delete the record: the run has ended, and the engine has taken its lock away."""
        if self._file is not None:
            self._site.delete_record(self._file)

    def forget_unless_locked(self) -> None:
        """Delete the record of a run that broke off, unless its lock is still there."""
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
            self._record = None  # said once


_AS_SEEN: Final[Mapping[Verdict, str]] = {
    "gone": ", which is gone",
    "running": ", which is at work",
    "unknown": "",
}
_LOCKING: Final = frozenset({"up", "refresh", "destroy"})
_PAUSE: Final = 3.0  # seconds, give or take a half
