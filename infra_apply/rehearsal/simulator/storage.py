"""The files of a simulated account: `account.json` (the state) and `requests.jsonl` (the log)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from infra_apply.rehearsal.simulator.account.messages import JSON, Object, State

FileVersion: TypeAlias = tuple[int, int, int]


class AccountFiles:
    """The state in memory and on disk; an edit of the file replaces what is in memory."""

    def __init__(self, directory: Path, seed: State) -> None:
        self.account_path = directory / "account.json"
        self.requests_path = directory / "requests.jsonl"
        self._state = self._seed = seed
        self._version: FileVersion | None = None
        if self.account_path.exists():
            self.load()
        else:
            self.save(seed)
        with _open_private(self.requests_path, os.O_APPEND):
            pass

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes that hold the account from changing it, so that no change is lost.

        It is held by flock(2) of the account's folder, which ends with its process.
        """
        folder = os.open(self.account_path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def load(self) -> State:
        """Return the state, read again if someone else has written the file.

        What somebody left out of it is as in a new account. Raises ValueError, which names the
        file, if it is not JSON or not of an account.
        """
        version = _file_version(self.account_path)
        if version != self._version:
            self._state = self._complete(self._read())
            self._version = version
        return self._state

    def _read(self) -> JSON:
        try:
            state: JSON = json.loads(self.account_path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{self.account_path} is not JSON: {error}") from error
        return state

    def _complete(self, state: JSON) -> State:
        if not isinstance(state, dict):
            raise ValueError(f"{self.account_path} is not of an account")  # noqa: TRY004
        for key, value in self._seed.items():
            if key in state and type(state[key]) is not type(value):
                kind = "a list" if isinstance(value, list) else "an object"
                raise ValueError(f"{self.account_path}: `{key}` is not {kind}")
        return {**self._seed, **state}

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
            shown = {key: _without_secrets(entry[key]) for key in ("query", "body")}
            log.write(json.dumps(entry | shown) + "\n")


def _file_version(path: Path) -> FileVersion:
    """Return what changes with a file. Raises ValueError for a pipe, which nobody would end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is not a regular file")
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
    """Open a file to write, made for its owner alone.

    A link in its place is not followed, and nobody is waited for at the other end of a pipe.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags | how, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _without_secrets(value: JSON, depth: int = 0) -> JSON:
    """Return a value with digests for what is secret by its key or its shape, at any depth."""
    if isinstance(value, str):
        return _digest(value) if _SECRET_SHAPE.search(value) else value
    if not isinstance(value, dict | list):
        return value
    if depth == _DEEPEST:
        return _digest(value)
    if isinstance(value, list):
        return [_without_secrets(item, depth + 1) for item in value]
    return {
        key: _digest(item)
        if _SECRET_KEY.search(key) and item is not None
        else _without_secrets(item, depth + 1)
        for key, item in value.items()
    }


def _digest(value: JSON) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    except RecursionError:
        return "sha256:unknown"
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


_DEEPEST: Final = 50
"""Lists and objects inside each other; no request that DigitalOcean takes has more than six."""
_SECRET_KEY: Final = re.compile(
    r"user_?data|pass(?!ive)|pwd|secret|token|credential|cert|uri(?!ty)|connection|dsn|webhook|salt"
    r"|(?:access|api|private|encryption|signing)[ _-]?key|authorization",
    re.IGNORECASE,
)
_SECRET_SHAPE: Final = re.compile(
    r"-----BEGIN|://[^/\s:@]{0,200}:[^/\s@]{1,500}@|\b(?:do[opr]_v1_|AVNS_|rehearsal-)\w{8}"
)
