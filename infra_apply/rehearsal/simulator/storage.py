"""The files of a simulated account: `account.json` (the state) and `requests.jsonl` (the log)."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Final, TextIO, TypeAlias

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
        with _open_private(self.requests_path, os.O_APPEND):
            pass

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
        with _open_private(temporary, os.O_TRUNC) as file:
            file.write(_format_state(state))
        temporary.replace(self.account_path)
        self._state, self._version = state, _file_version(self.account_path)

    def record(self, entry: Object) -> None:
        """Append one request to the log."""
        with _open_private(self.requests_path, os.O_APPEND) as log:
            log.write(json.dumps(entry | {"body": _without_secrets(entry["body"])}) + "\n")


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


def _open_private(path: Path, how: int) -> TextIO:
    """Open a file to write, made for its owner alone; a link in its place is not followed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | how, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _without_secrets(body: JSON) -> JSON:
    """Return the body with digests for user data and passwords, at any depth."""
    if isinstance(body, list):
        return [_without_secrets(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {
        key: _digest(value) if key in _SECRET and value is not None else _without_secrets(value)
        for key, value in body.items()
    }


def _digest(value: JSON) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


_SECRET: Final = frozenset({"user_data", "password", "token", "secret", "access_key", "cert"})
