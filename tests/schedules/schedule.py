"""Schedules: which request of which run is struck by which fault, in a fixed order.

The requests are those of a clean first run and of a second, unchanged one, as `recorded.json`
has them; `python -m tests.schedules --record` writes it again.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any, Final

RECORDED: Final = Path(__file__).with_name("recorded.json")

# What happens to a request that changes the account. What to do about it: `strike`.
MUTATING_FAULTS: Final = (
    "killed after",
    "dropped before",
    "dropped after",
    "500 before",
    "500 after",
    "429",
    "401 from here on",
    "hidden",
    "hidden, dropped after",
    "late",
    "state store fails after",
)
READING_FAULTS: Final = ("killed after", "dropped before", "500 before", "429", "401 from here on")
MISSING: Final = "404"
# The faults whose pairs and sequences are tried: one of each way to lose something.
SHORT_FAULTS: Final = (
    "killed after",
    "dropped after",
    "500 before",
    "401 from here on",
    "state store fails after",
)


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """The nth request of a run with a method and a path, a glob in which ids are wildcards."""

    method: str
    path: str
    nth: int

    def came_in(self, log: Iterable[Mapping[str, Any]]) -> bool:
        """Say whether a run's log has it."""
        matching = [
            entry
            for entry in log
            if entry["method"] == self.method and fnmatchcase(entry["path"], self.path)
        ]
        return len(matching) >= self.nth

    def __str__(self) -> str:
        path = re.sub(r"(\[0-9\])+|\?{36}", "{id}", self.path)
        return f"{self.method} {path} no. {self.nth}"


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at a request."""

    request: Request
    fault: str

    def __str__(self) -> str:
        return f"{self.request}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What strikes each run: the first strike the first run, None nothing. Numbered from 1."""

    number: int
    strikes: tuple[Strike | None, ...]

    def __str__(self) -> str:
        return "; then ".join(str(strike or "a clean run") for strike in self.strikes)


def singles(runs: list[list[Request]]) -> list[Schedule]:
    """Return one schedule for every request of the two runs and every fault that fits it."""
    first, second = runs
    strikes = [(strike,) for strike in _strikes_at(first)]
    later = [(None, strike) for strike in _strikes_at(second)]
    return _numbered([*strikes, *later])


def pairs(runs: list[list[Request]]) -> list[Schedule]:
    """Return every pair of faults at changing requests: one in the first run, one in the next."""
    strikes = _short_strikes(runs)
    return _numbered(product(strikes, strikes))


def random_sequences(runs: list[list[Request]], count: int, seed: int) -> list[Schedule]:
    """Return sequences of one to five struck runs; the same seed gives the same ones."""
    rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    strikes = _strikes_at(runs[0])
    return _numbered(
        tuple(rng.choice(strikes) for _ in range(rng.randint(1, 5))) for _ in range(count)
    )


def load_recorded(fleet: str) -> list[list[Request]]:
    """Return the recorded requests of a fleet's first run and of its second."""
    recorded = json.loads(RECORDED.read_text())
    return [[Request(*entry) for entry in run] for run in recorded[fleet]]


def save_recorded(fleet: str, runs: list[list[Request]]) -> None:
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    recorded[fleet] = [[[entry.method, entry.path, entry.nth] for entry in run] for run in runs]
    lines = ",\n".join(
        f" {json.dumps(name)}: [\n"
        + ",\n".join(
            "  [\n" + ",\n".join(f"   {json.dumps(e)}" for e in run) + "\n  ]" for run in runs
        )
        + "\n ]"
        for name, runs in sorted(recorded.items())
    )
    RECORDED.write_text("{\n" + lines + "\n}\n")


def requests_of(log: Iterable[Mapping[str, Any]]) -> list[Request]:
    """Return the requests of a run's log in a fixed order, whatever the order they came in."""
    counted = Counter((entry["method"], _glob(entry["path"])) for entry in log)
    return sorted(
        Request(method, path, nth)
        for (method, path), times in counted.items()
        for nth in range(1, times + 1)
    )


def _strikes_at(requests: list[Request]) -> list[Strike]:
    created = {entry.path for entry in requests if entry.method == "POST"}
    return [
        Strike(request, fault)
        for request in requests
        for fault in _faults_of(request, read_back=_collection(request.path) in created)
    ]


def _short_strikes(runs: list[list[Request]]) -> list[Strike]:
    changing = [request for request in runs[0] if request.method != "GET"]
    return [Strike(request, fault) for request in changing for fault in SHORT_FAULTS]


def _faults_of(request: Request, *, read_back: bool) -> Iterator[str]:
    if request.method != "GET":
        yield from MUTATING_FAULTS
        return
    yield from READING_FAULTS
    if read_back or _collection(request.path).rpartition("/")[2] in _COLLECTIONS:
        yield MISSING


_COLLECTIONS: Final = {"droplets", "firewalls", "tags", "dbs", "users"}


def _collection(path: str) -> str:
    return path.rpartition("/")[0]


def _glob(path: str) -> str:
    """Return a glob that matches the path whatever the ids in it: the simulator's count them."""
    path = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "?" * 36, path)
    path = re.sub(r"/(\d+)", lambda digits: "/" + "[0-9]" * len(digits[1]), path)
    return re.sub(r"/(tags|dbs|users)/[^/]+", r"/\1/*", path)


def _numbered(sequences: Iterable[tuple[Strike | None, ...]]) -> list[Schedule]:
    return [Schedule(number, strikes) for number, strikes in enumerate(sequences, 1)]
