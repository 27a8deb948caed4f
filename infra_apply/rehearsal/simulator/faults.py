"""Faults for a rehearsal: answers that fail, come late or never come.

A faults file is a YAML list of mappings:

    - {method: POST, path: /v2/droplets, nth: 1, times: 1, when: after, drop: true}

`method` (default any) and `path` (a glob over the whole path) select requests; the fault strikes
at the `nth` such request and the `times` - 1 after it. `when: before` (default) means the account
never sees the request; `after` means that it acted and the answer is lost. What happens is one
of `status` (an HTTP error), `drop: true` (the connection closes without an answer), or `delay`
(seconds; alone it only delays, beside another it comes first).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

KEYS = ("method", "path", "nth", "times", "when", "status", "delay", "drop")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ERRORS = range(400, 600)


class FaultsError(ValueError):
    """A faults file that does not say what it means; the message lists every problem."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; the module's docstring says what the fields mean."""

    path: str
    method: str | None = None
    nth: int = 1
    times: int = 1
    when: str = "before"
    status: int | None = None
    delay: float = 0.0
    drop: bool = False


def load(path: Path) -> tuple[Fault, ...]:
    """Read a faults file. Raises FaultsError with every problem in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise FaultsError(f"{path}: not YAML: {error}") from error
    except OSError as error:
        raise FaultsError(f"{path}: {error.strerror}") from error
    return parse(document or [], str(path))


def parse(document: object, name: str = "faults") -> tuple[Fault, ...]:
    """The faults in a decoded file; `name` begins every message. Raises FaultsError."""
    if not isinstance(document, list):
        raise FaultsError(f"{name}: must be a list of faults")
    found = [(index, item, problems(item)) for index, item in enumerate(document, 1)]
    bad = [f"{name}: fault {index}: {what}" for index, _, whats in found for what in whats]
    if bad:
        raise FaultsError("\n".join(bad))
    return tuple(Fault(**item) for _, item, _ in found)


def problems(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return ["must be a mapping"]
    found = [f"unknown key {key!r}; known: {', '.join(KEYS)}" for key in item if key not in KEYS]
    if not isinstance(item.get("path"), str) or not item["path"].startswith("/"):
        found.append("path is required: a glob that starts with /, such as /v2/droplets*")
    if item.get("method") is not None and item["method"] not in METHODS:
        found.append(f"method must be one of {', '.join(METHODS)}")
    found += [
        f"{key} must be a whole number from 1"
        for key in ("nth", "times")
        if not whole(item.get(key, 1)) or item.get(key, 1) < 1
    ]
    if item.get("when", "before") not in {"before", "after"}:
        found.append("when must be before or after")
    if not {"status", "delay", "drop"} & item.keys():
        found.append("needs one of status, delay, drop")
    return found + effect_problems(item)


def effect_problems(item: dict[Any, Any]) -> list[str]:
    found = []
    if "status" in item and (not whole(item["status"]) or item["status"] not in ERRORS):
        found.append("status must be an HTTP error, 400 to 599")
    delay = item.get("delay", 0)
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        found.append("delay must be a number of seconds from 0")
    if not isinstance(item.get("drop", False), bool):
        found.append("drop must be true or false")
    if item.get("drop") and "status" in item:
        found.append("drop and status exclude each other")
    return found


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Armed:
    """The faults of one server with the count of requests that each has seen."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._seen: Counter[int] = Counter()

    def strike(self, method: str, path: str) -> Fault | None:
        """Count this request; the first fault that is due for it, if any."""
        due = None
        for index, fault in enumerate(self._faults):
            if fault.method in {None, method} and fnmatchcase(path, fault.path):
                self._seen[index] += 1
                late = self._seen[index] - fault.nth
                if due is None and 0 <= late < fault.times:
                    due = fault
        return due
