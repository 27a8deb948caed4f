"""A stack whose locks lie in a folder, run on a clock that only pauses move."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra_apply.engine.lock.machine import this_machine
from infra_apply.engine.lock.model import Process, RunRecord
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.lock.waiting import Patience, run_when_free
from infra_apply.engine.run import Outcome
from infra_apply.terminal.layout import StatusLine

DONE = Outcome(ok=True, steps=(), diagnostics=(), duration=0.0, changes={})
SINCE = "2026-11-22T10:00:00Z"
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
