"""One install at a time: a lock file that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra_apply.terminal.layout import StatusLine

_BETWEEN_TRIES = 0.5


@contextlib.contextmanager
def file_lock(path: Path, status_line: StatusLine) -> Iterator[None]:
    """Hold the lock at `path`; while another process has it, wait and say for whom.

    flock(2) frees the lock when its holder ends, killed or not. The file itself stays: removing
    it would let two processes hold two files of one name.
    """
    # A link is not followed: what it leads to would be emptied.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        while not _try_lock(file):
            status_line.show(f"engine: waiting for {_holder(file)}, which is installing it")
            time.sleep(_BETWEEN_TRIES)
        status_line.end()
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: TextIO) -> str:
    file.seek(0)
    return file.read().strip() or "another process"
