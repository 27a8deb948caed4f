"""Fault injection: answers of the simulated API that fail, come late or never come.

A faults file is a YAML list of mappings:

    - {method: POST, path: /v2/droplets, nth: 1, times: 1, when: after, drop: true}

`method` (default any) and `path` (a glob over the whole path) select requests. The fault happens
at the `nth` such request and at the `times` - 1 after it. What happens is one or more of these:

- `status` (an HTTP error) or `drop: true` (the connection closes without an answer). With
  `when: before` (default) the request does not reach the account; with `after` it has its effect
  and only the answer is lost.
- `hidden` (seconds): what the request makes is answered at its own path at once, and lists show it
  only so many seconds later. With `status` or `drop` beside it, it is made and the answer is lost.
- `late` (seconds): the connection closes without an answer (or `status` is answered), and the
  request has its effect so many seconds later, on the account as it is then.
- `delay` (seconds) delays the answer.

The seconds of `hidden` and `late` are divided by the rehearsal's clock, and run on while no server
does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

EFFECTS = ("status", "delay", "drop", "hidden", "late")
KEYS = ("method", "path", "nth", "times", "when", *EFFECTS)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ERRORS = range(400, 600)


class FaultsError(ValueError):
    """A faults file is invalid; the message lists every problem."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; the module's docstring says what the fields mean."""

    path: str
    method: str | None = None
    nth: int = 1
    times: int = 1
    when: str = "before"
    status: int | None = None
    delay: float = 0.0
    drop: bool = False
    hidden: float | None = None
    late: float | None = None

    @property
    def loses_answer(self) -> bool:
        """Whether the account's answer does not reach the client."""
        return self.drop or self.status is not None or self.late is not None

    @property
    def prevents_effect(self) -> bool:
        """Whether the request never reaches the account."""
        comes_true = self.when == "after" or self.hidden is not None or self.late is not None
        return self.loses_answer and not comes_true


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a faults file. Raises FaultsError with every problem in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise FaultsError(f"{path}: not YAML: {error}") from error
    except OSError as error:
        raise FaultsError(f"{path}: {error.strerror}") from error
    return parse_faults(document or [], str(path))


def parse_faults(document: object, name: str = "faults") -> tuple[Fault, ...]:
    """Return the faults of a decoded file; `name` begins every message. Raises FaultsError."""
    if not isinstance(document, list):
        raise FaultsError(f"{name}: must be a list of faults")
    errors = [
        f"{name}: fault {number}: {problem}"
        for number, item in enumerate(document, 1)
        for problem in _problems(item)
    ]
    if errors:
        raise FaultsError("\n".join(errors))
    return tuple(Fault(**item) for item in document)


class FaultInjector:
    """The faults of a server, with the number of requests that each has matched."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._matches: Counter[int] = Counter()

    def fault_for(self, method: str, path: str) -> Fault | None:
        """Count this request, and return the first fault that is due for it, if any."""
        due = None
        for index, fault in enumerate(self._faults):
            if fault.method in {None, method} and fnmatchcase(path, fault.path):
                self._matches[index] += 1
                if due is None and 0 <= self._matches[index] - fault.nth < fault.times:
                    due = fault
        return due


def _problems(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return ["must be a mapping"]
    problems = [f"unknown key {key!r}; known: {', '.join(KEYS)}" for key in item if key not in KEYS]
    if not isinstance(item.get("path"), str) or not item["path"].startswith("/"):
        problems.append("path is required: a glob that starts with /, such as /v2/droplets*")
    if item.get("method") is not None and item["method"] not in METHODS:
        problems.append(f"method must be one of {', '.join(METHODS)}")
    problems += [
        f"{key} must be a whole number from 1"
        for key in ("nth", "times")
        if not _is_integer(item.get(key, 1)) or item.get(key, 1) < 1
    ]
    if item.get("when", "before") not in {"before", "after"}:
        problems.append("when must be before or after")
    if not set(EFFECTS) & item.keys():
        problems.append(f"needs one of {', '.join(EFFECTS)}")
    return problems + _effect_problems(item)


def _effect_problems(item: dict[Any, Any]) -> list[str]:
    problems = []
    if "status" in item and (not _is_integer(item["status"]) or item["status"] not in ERRORS):
        problems.append("status must be an HTTP error, 400 to 599")
    problems += [
        f"{key} must be a number of seconds from 0"
        for key in ("delay", "hidden", "late")
        if not _is_seconds(item.get(key, 0))
    ]
    if not isinstance(item.get("drop", False), bool):
        problems.append("drop must be true or false")
    if item.get("drop") and "status" in item:
        problems.append("drop and status exclude each other")
    problems += [
        f"{key} and when exclude each other: with {key} the request always has its effect"
        for key in ("hidden", "late")
        if key in item and "when" in item
    ]
    if "hidden" in item and "late" in item:
        problems.append("hidden and late exclude each other")
    return problems


def _is_seconds(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < math.inf


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
