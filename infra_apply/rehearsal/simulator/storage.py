"""The files of a simulated account: `account.json` (the state) and `requests.jsonl` (the log)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypeAlias

from infra_apply.rehearsal.simulator.account.messages import JSON, Object, State

FileVersion: TypeAlias = tuple[int, int, int]


class AccountFiles:
    """The state in memory and on disk; an edit of the file replaces what is in memory."""

    def __init__(self, directory: Path, seed: State) -> None:
        self.account_path = directory / "account.json"
        self.requests_path = directory / "requests.jsonl"
        self._state = seed
        self._version: FileVersion | None = None
        if self.account_path.exists():
            self.load()
        else:
            self.save(seed)
        self.requests_path.touch()

    def load(self) -> State:
        """Return the state, read again if someone else has written the file.

        Raises ValueError, which names the file, if it is not JSON.
        """
        version = _file_version(self.account_path)
        if version != self._version:
            try:
                self._state = json.loads(self.account_path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise ValueError(f"{self.account_path} is not JSON: {error}") from error
            self._version = version
        return self._state

    def save(self, state: State) -> None:
        """Replace the file atomically: a reader sees the old state or the new one."""
        temporary = self.account_path.with_suffix(".new")
        temporary.write_text(_format_state(state), encoding="utf-8")
        temporary.replace(self.account_path)
        self._state, self._version = state, _file_version(self.account_path)

    def record(self, entry: Object) -> None:
        """Append one request to the log."""
        with self.requests_path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry | {"body": _redact_user_data(entry["body"])}) + "\n")


def _file_version(path: Path) -> FileVersion:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _format_state(state: State) -> str:
    """Write the state as JSON with a line for every object, so that people can edit it."""
    parts = []
    for key, value in state.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(f"  {json.dumps(item)}" for item in value)
            parts.append(f" {json.dumps(key)}: [\n{lines}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _redact_user_data(body: JSON) -> JSON:
    """Return the body with a digest for the user data, which may hold secrets."""
    if isinstance(body, dict) and isinstance(body.get("user_data"), str):
        digest = hashlib.sha256(body["user_data"].encode()).hexdigest()
        return body | {"user_data": f"sha256:{digest}"}
    return body
