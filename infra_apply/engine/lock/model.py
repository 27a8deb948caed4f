"""A stack's locks, our own record of the runs that took them, and who is gone for certain. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal

from infra_apply.errors import LockHolder
from infra_apply.terminal.safe_text import printable

Verdict = Literal["gone", "running", "unknown"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a process runs: a pid means the same process only where all of these are the same.

    An id that a system does not have is None; without a `boot_id` nothing is known for certain.
    """

    host: str
    machine_id: str | None
    boot_id: str | None
    pid_namespace: str | None


@dataclass(frozen=True, slots=True)
class Process:
    """A process; `started` is the system's own text, which no later process of that pid has.

    It is empty where the system does not tell.
    """

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of the engine that takes a lock; `lock` names its lock file, once that was seen."""

    machine: Machine
    engine: Process
    command: Process
    lock: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of a stack: the name of its file, what stands in it, and its holder.

    The name is None on a backend whose files are not read, the holder where it cannot be read.
    """

    name: str | None
    content: bytes
    holder: LockHolder | None


def read_lock(name: str, content: bytes) -> Lock:
    """Read a lock file as engine 3.259 writes it: `{"pid","username","hostname","timestamp"}`."""
    try:
        fields = json.loads(content)
        user = printable(f"{fields['username']}@{fields['hostname']}")
        since = printable(_FRACTION.sub("", str(fields["timestamp"])))
        holder = LockHolder(user, int(fields["pid"]), since)
    except (ValueError, TypeError, KeyError, RecursionError):
        return Lock(name, content, None)
    return Lock(name, content, holder)


def record_text(record: RunRecord) -> str:
    """Write a record as JSON."""
    return json.dumps(asdict(record))


def read_record(text: str) -> RunRecord | None:
    """Read what `record_text` wrote; None for anything else."""
    try:
        fields = json.loads(text)
        return RunRecord(
            Machine(**fields["machine"]),
            Process(**fields["engine"]),
            Process(**fields["command"]),
            fields["lock"],
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def record_of(lock: Lock, records: Iterable[RunRecord]) -> RunRecord | None:
    """Find the record of the run that took a lock: it names its file, and the holder is its engine.

    A pid and a host's name alone are no proof: a later process may have both, or another
    machine's. A lock whose file is not known has a record that names none.
    """
    if lock.holder is None:
        return None
    for record in records:
        same_holder = (record.engine.pid, record.machine.host) == (
            lock.holder.pid,
            lock.holder.user.rpartition("@")[2],
        )
        if record.lock == lock.name and same_holder:
            return record
    return None


def judge(
    record: RunRecord | None, machine: Machine, started_of: Callable[[int], str | None]
) -> Verdict:
    """Say whether the engine of a recorded run is gone, as seen from `machine`.

    `started_of` gives what a process that is there has as `Process.started`, None if there is none
    of that pid. A run of another machine, boot or pid namespace is never known to be gone.
    """
    if record is None or record.machine != machine or machine.boot_id is None:
        return "unknown"
    started = started_of(record.engine.pid)
    if started is None:
        return "gone"
    if not (started and record.engine.started):
        return "unknown"
    return "running" if started == record.engine.started else "gone"


def new_lock_of(pid: int, host: str, before: Iterable[str], locks: Iterable[Lock]) -> str | None:
    """Name the lock file that a process has written since those `before`; None if none is certain.

    Two that fit could be another machine's of the same name, beside ours.
    """
    known = frozenset(before)
    fitting = [
        lock.name
        for lock in locks
        if lock.holder is not None
        and lock.name not in known
        and (lock.holder.pid, lock.holder.user.rpartition("@")[2]) == (pid, host)
    ]
    return fitting[0] if len(fitting) == 1 else None


_FRACTION: Final = re.compile(r"\.\d+")
