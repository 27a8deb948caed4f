"""Runs the engine on a stack once nobody else is at work on it; lifts locks of runs that are gone.

A lock is lifted without asking only where our record of its run names its file, was made on this
machine since its start and in this pid namespace, and the engine's process is gone. `pulumi cancel`
is never used: it lifts every lock of a stack, those of living runs too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.machine import started_of, this_machine
from infra_apply.engine.lock.model import Lock, Verdict, judge, record_of
from infra_apply.engine.lock.recording import Attempt, run_recorded
from infra_apply.engine.lock.site import LockSite, find_site
from infra_apply.engine.run import Outcome, Verb, run
from infra_apply.errors import Outage, Refusal, Retry
from infra_apply.terminal.layout import StatusLine

TEN_MINUTES: Final = 600.0
"""Seconds that a run waits for a lock where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock, in seconds, and by what; `chance` gives numbers of [0, 1)."""

    wait: float = TEN_MINUTES
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


def run_with_lock(  # noqa: PLR0913 - what says where the lock is, and how to wait for it
    verb: Verb,
    *,
    engine: Engine,
    pulumi_project: Path,
    stack: str,
    environ: Mapping[str, str],
    status_line: StatusLine,
    on_tick: Callable[[], None] = lambda: None,
    patience: Patience = Patience(),
    **options: Any,
) -> Outcome:
    """Run the engine as `engine.run.run` does, once nobody else is at work on the stack.

    A preview takes no lock, and runs at once. Raises as `run_when_free` and `run` do.
    """
    attempt = partial(
        run,
        verb,
        engine=engine,
        pulumi_project=pulumi_project,
        stack=stack,
        environ=environ,
        **options,
    )
    if verb == "preview":
        return attempt(on_tick=on_tick)
    site = find_site(engine, pulumi_project, stack, environ)
    return run_when_free(attempt, site, status_line, on_tick=on_tick, patience=patience)


def run_when_free(
    attempt: Attempt,
    site: LockSite,
    status_line: StatusLine,
    *,
    on_tick: Callable[[], None] = lambda: None,
    patience: Patience = Patience(),
) -> Outcome:
    """Make a run that takes the stack's lock.

    While somebody else holds it, the status line says who, for up to `patience.wait` seconds.
    Raises Retry, with the holders, when it is still held then; else as `attempt` does.
    """
    deadline = patience.clock() + patience.wait
    while True:
        _wait_until_free(site, status_line, patience, deadline)
        try:
            return run_recorded(attempt, site, status_line, on_tick)
        except Retry as refused:
            held = [Lock(None, b"", holder) for holder in refused.holders]
            _wait_a_little(_locked(site, held) or refused, status_line, patience, deadline)


def wait_until_free(site: LockSite, status_line: StatusLine, patience: Patience) -> None:
    """Wait until nobody holds a stack's lock, as `run_when_free` does. Raises Retry, Outage."""
    _wait_until_free(site, status_line, patience, patience.clock() + patience.wait)


def work_under_way(site: LockSite) -> str | None:
    """Say who is at work on a stack, or may be: all that hold its lock and are not gone."""
    locks = site.read_locks()
    verdicts = _judge_all(site, locks)
    living = [lock for lock in locks if verdicts[lock] != "gone"]
    return _words(site, living, verdicts) if living else None


def lift_locks(site: LockSite, status_line: StatusLine) -> None:
    """Lift the locks that a stack has now, because somebody asked for it (`--lift-lock`).

    Call it once, before the first run. Each is read again immediately before, and stays unless it
    is the same. Raises Refusal for a run that is at work for certain, and on a backend where we
    delete no single file; Outage if a file may not be deleted.
    """
    if site.locks is None:
        raise Refusal(
            f"the locks of stack {site.stack} are kept in {site.place}, where no single lock can "
            "be lifted from here",
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


def _wait_until_free(
    site: LockSite, status_line: StatusLine, patience: Patience, deadline: float
) -> None:
    while True:
        _lift_abandoned(site, status_line)
        locked = _locked(site, site.read_locks())
        if locked is None:
            return
        _wait_a_little(locked, status_line, patience, deadline)


def _wait_a_little(
    locked: Retry, status_line: StatusLine, patience: Patience, deadline: float
) -> None:
    """Say who holds the lock and pause. Raises `locked` where the time is over."""
    remaining = deadline - patience.clock()
    if remaining <= 0:
        raise locked
    status_line.show(f"{locked.message}; waiting")
    patience.pause(min(remaining, _PAUSE * (0.5 + patience.chance())))


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


_AS_SEEN: Final[Mapping[Verdict, str]] = {
    "gone": ", which is gone",
    "running": ", which is at work",
    "unknown": "",
}
_PAUSE: Final = 3.0  # seconds, give or take a half
