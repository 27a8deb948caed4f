"""Playing a strike on a running simulated API, and taking it away again."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra_apply.rehearsal.simulator.faults import KEYS, FaultInjector, parse_faults
from infra_apply.rehearsal.simulator.server import Server
from tests.schedules.schedule import Strike

# The variable that every process of a run inherits, by which all of them are found.
MARK: Final = "INFRA_APPLY_SCHEDULE"
# Seconds of the account for which an object is left out of lists, or a lost request has no effect
# yet; and more than all runs of a schedule take.
LAG: Final = 30
FOR_EVER: Final = 10_000_000

_KEYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "killed after": {"when": "after"},
    "dropped before": {"drop": True},
    "dropped after": {"drop": True, "when": "after"},
    "500 before": {"status": 500},
    "500 after": {"status": 500, "when": "after"},
    "429": {"status": 429},
    "404": {"status": 404},
    "401 from here on": {},
    "hidden": {"hidden": FOR_EVER},
    "hidden, dropped after": {"hidden": LAG, "drop": True},
    "late": {"late": LAG},
    "state store fails after": {"when": "after"},
}


@dataclass(slots=True)
class Striker:
    """Plays strikes on a run whose mark is `mark` and whose state is in `state`.

    `pause` is what the server is to sleep with: it is called at a struck request where a fault is
    more than an answer. `calls` holds what it does then.
    """

    state: Path
    mark: str = ""
    calls: list[Callable[[], None]] = field(default_factory=list)

    def pause(self, _seconds: float) -> None:
        for call in self.calls:
            call()

    @contextmanager
    def striking(self, server: Server, strike: Strike | None) -> Iterator[None]:
        """Strike what runs inside the block; afterwards token and state store are well again."""
        api = server._api
        api.faults = FaultInjector(parse_faults([entry_of(strike)] if strike else []))
        effects: dict[str, Callable[[], None]] = {
            "killed after": lambda: kill(self.mark),
            "401 from here on": lambda: setattr(api, "token", "another"),
            "state store fails after": self._break_store,
        }
        self.calls = [effects[strike.fault]] if strike and strike.fault in effects else []
        try:
            yield
        finally:
            self.calls = []
            api.faults = FaultInjector(())
            api.token = server.token
            self._mend_store()

    def _break_store(self) -> None:
        """Put a file where the folder was: nothing can be written there, not even by root."""
        file = self.state.with_name("state-broken")
        file.touch()
        self.state.rename(self._away)
        # An engine that is just writing makes the folder anew in between.
        while self.state.is_dir() or not self.state.exists():
            shutil.rmtree(self.state, ignore_errors=True)
            with suppress(IsADirectoryError):
                file.rename(self.state)

    def _mend_store(self) -> None:
        if self._away.exists():
            self.state.unlink()
            self._away.rename(self.state)

    @property
    def _away(self) -> Path:
        return self.state.with_name("state-away")


def is_playable(strike: Strike | None) -> bool:
    """Say whether the simulated API has what the strike needs."""
    return strike is None or _KEYS[strike.fault].keys() <= set(KEYS)


def entry_of(strike: Strike) -> dict[str, Any]:
    """Return a strike as an entry of a faults file."""
    request = strike.request
    place = {"method": request.method, "path": request.path, "nth": request.nth}
    keys = _KEYS[strike.fault]
    if not {"drop", "status", "hidden", "late"} & keys.keys():
        keys = {**keys, "delay": 1}  # so that the server calls `pause`
    return {**place, **keys}


def kill(mark: str) -> None:
    """Kill every process that has inherited the mark, until there is none."""
    while pids := _marked(mark):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: str) -> list[int]:
    """Return the living processes with the mark."""
    line = f"{MARK}={mark}".encode()
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process may end meanwhile; one that is dead and not yet waited for has no variables.
            with suppress(OSError):
                if line in (entry / "environ").read_bytes().split(b"\0"):
                    pids.append(int(entry.name))
    return pids
