"""The files of a simulated account: `account.json` (the state) and `requests.jsonl` (the log)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypeAlias

from infra_apply.rehearsal.simulator.account.wire import JSON, Object, State

Signature: TypeAlias = tuple[int, int, int]


class Ledger:
    """Keeps the state in memory and on disk alike; the disk wins when someone edited it."""

    def __init__(self, directory: Path, seed: State) -> None:
        self.account = directory / "account.json"
        self.requests = directory / "requests.jsonl"
        self._state = seed
        self._seen: Signature | None = None
        if self.account.exists():
            self.load()
        else:
            self.save(seed)
        self.requests.touch()

    def load(self) -> State:
        """The state, read again if the file is not as this process left it.

        Raises ValueError, naming the file, if an edit left it unreadable.
        """
        signature = signed(self.account)
        if signature != self._seen:
            try:
                self._state = json.loads(self.account.read_text(encoding="utf-8"))
            except ValueError as error:
                raise ValueError(f"{self.account} is not JSON: {error}") from error
            self._seen = signature
        return self._state

    def save(self, state: State) -> None:
        """Replace the file at once: a reader sees the old state or the new one."""
        fresh = self.account.with_suffix(".new")
        fresh.write_text(readable(state), encoding="utf-8")
        fresh.replace(self.account)
        self._state, self._seen = state, signed(self.account)

    def record(self, entry: Object) -> None:
        """Append one request to the log."""
        with self.requests.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry | {"body": discreet(entry["body"])}) + "\n")


def signed(path: Path) -> Signature:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def readable(state: State) -> str:
    """The state as JSON with one line an object: people read and edit it, and it is quick."""
    parts = []
    for key, value in state.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(f"  {json.dumps(item)}" for item in value)
            parts.append(f" {json.dumps(key)}: [\n{lines}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def discreet(body: JSON) -> JSON:
    """The body for the log: user data may hold secrets, so only its digest is kept."""
    if isinstance(body, dict) and isinstance(body.get("user_data"), str):
        digest = hashlib.sha256(body["user_data"].encode()).hexdigest()
        return body | {"user_data": f"sha256:{digest}"}
    return body
