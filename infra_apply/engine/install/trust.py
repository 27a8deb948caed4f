"""Whether a cached engine may be run: nobody else may write it, and it is what was put there.

An engine gets the tokens of every run. Beside it lies a record of its content, as `sha256sum`
writes it. The engine is hashed (0.12 s for 115 MB) unless the file system says that nobody has
written it since it last was: a file's change time cannot be set back. Who can change that note can
change the record as well. The folders above the cache's own are the user's choice, as PATH is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path
from typing import Final

RECORD: Final = "engine.sha256"
CHECKED: Final = "engine.checked"
"""A note beside the record: with what sum, and when last written, the engine was found right."""


class Untrusted(Exception):
    """A cached engine that is not to be run; the message says why, and follows its path."""


class Unrecorded(Exception):
    """A cached engine of which nothing says what was put there: an earlier version did it."""


def record(folder: Path) -> None:
    """Record the engine that was put into `folder`, and let nobody else write there."""
    for path in (folder, *folder.rglob("*")):
        take_back(path)
    file = folder / RECORD
    # Readable by all: it is no secret, and a cache that root fills serves every user.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        os.fchmod(descriptor, 0o644)
        stream.write(f"{_hash(folder / _BINARY)}  {_BINARY}\n")


def take_back(path: Path) -> None:
    """Let nobody else write what is ours; a link and what belongs to others stay as they are."""
    facts = path.lstat()
    if facts.st_mode & _OTHERS_WRITE and not stat.S_ISLNK(facts.st_mode):
        with contextlib.suppress(PermissionError):
            path.chmod(stat.S_IMODE(facts.st_mode) & ~_OTHERS_WRITE)


def check(folder: Path, cache: Path) -> None:
    """Check the engine in `folder`, which lies below the folder `cache`.

    Raises Untrusted where somebody else may have written it or did, Unrecorded, and OSError.
    """
    if not os.path.lexists(folder / RECORD):
        raise Unrecorded
    check_folders(folder, cache)
    # Whatever lies beside the engine is found before what is on PATH, and its language host is run.
    beside = (path for path in (folder / "bin").iterdir() if not path.name.startswith("."))
    for path in (folder / RECORD, folder / "bin", folder / _BINARY, *sorted(beside)):
        _check_owner(path)
    recorded = _text(folder / RECORD)
    facts = (folder / _BINARY).stat()
    note = f"{recorded}{facts.st_dev} {facts.st_ino} {facts.st_size} {facts.st_ctime_ns}\n"
    if _is_ours(folder / CHECKED) and _text(folder / CHECKED) == note:
        return
    if recorded != f"{_hash(folder / _BINARY)}  {_BINARY}\n":
        raise Untrusted("is not what was put there: its SHA-256 is not the recorded one")
    with contextlib.suppress(OSError):  # a cache that root filled: it is hashed each time
        _note(folder / CHECKED, note)


def check_folders(folder: Path, cache: Path) -> None:
    """Check `folder` and those above it up to `cache`. Raises Untrusted and OSError."""
    below = (parent for parent in folder.parents if parent.is_relative_to(cache))
    for path in (*reversed(tuple(below)), folder):
        _check_owner(path)


def _check_owner(path: Path) -> None:
    """Raise Untrusted for a link, and for what others own or may write."""
    facts = path.lstat()
    if stat.S_ISLNK(facts.st_mode):
        raise Untrusted(f"is not run: {path} is a link")
    if facts.st_uid not in {os.geteuid(), 0}:
        raise Untrusted(f"is not run: {path} belongs to another user (id {facts.st_uid})")
    if facts.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(facts.st_mode)
        raise Untrusted(f"is not run: others may write {path} (mode {mode:04o})")


def _is_ours(path: Path) -> bool:
    try:
        _check_owner(path)
    except (OSError, Untrusted):
        return False
    return True


def _text(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace")


def _note(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}-{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    fresh.replace(file)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_BINARY: Final = "bin/pulumi"
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
