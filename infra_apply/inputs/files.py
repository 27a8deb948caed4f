"""Reading a file that may be anything: never waits on a pipe, never reads a device."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final


def content(path: str, limit: int) -> bytes:
    """Return a regular file's bytes, one more than `limit` at most; that tells one too large.

    Raises OSError, with a `strerror` a person can read, for anything that cannot be read so: a
    directory, a pipe, a device, a link that leads nowhere or to itself, a name no file can have.
    """
    try:
        _check(os.stat(path).st_mode)  # noqa: PTH116 - opening some devices already does something
        descriptor = os.open(path, _FLAGS)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can be called that") from None
    try:
        _check(os.fstat(descriptor).st_mode)  # it may have been replaced meanwhile
        return _read(descriptor, limit + 1)
    finally:
        os.close(descriptor)


def reason(error: OSError) -> str:
    """Return why a file cannot be read, for the end of a sentence."""
    return (error.strerror or str(error)).lower()


_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _read(descriptor: int, left: int) -> bytes:
    first = os.read(descriptor, min(left, _PAGE))
    if len(first) < _PAGE:  # nearly every file; the end is asked for only after a full page
        return first
    parts = [first]
    left -= len(first)
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


_PAGE: Final = 16 * 1024
