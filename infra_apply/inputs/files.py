"""Files that may be anything, read without waiting; and files replaced at once, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra_apply.errors import Outage, Refusal


def content(path: str, limit: int, *, within: str | None = None) -> bytes:
    """Return a regular file's bytes, one more than `limit` at most; that tells one too large.

    With `within`, a file that is a link is only read if it leads to a file below that folder.
    Raises OSError, with a `strerror` a person can read, for anything that cannot be read so: a
    directory, a pipe, a device, a link that leads nowhere, to itself or out of the folder, a name
    no file can have.
    """
    try:
        _check(os.stat(path).st_mode)  # noqa: PTH116 - opening some devices already does something
        if within is not None and os.path.islink(path):  # noqa: PTH114 - every manifest pays for it
            path = _inside(path, within)
        descriptor = os.open(path, _FLAGS)
    except ValueError:
        raise OSError(errno.EINVAL, "no file can be called that") from None
    try:
        _check(os.fstat(descriptor).st_mode)  # it may have been replaced meanwhile
        return _read(descriptor, limit + 1)
    finally:
        os.close(descriptor)


def _inside(path: str, folder: str) -> str:
    target = os.path.realpath(path)
    if not target.startswith(os.path.join(os.path.realpath(folder), "")):  # noqa: PTH118
        raise OSError(errno.EPERM, "it is a link that leads out of the project's folder")
    return target


def reason(error: OSError) -> str:
    """Return why a file cannot be read, for the end of a sentence."""
    return (error.strerror or str(error)).lower()


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` in place of `before`; a reader sees one or the other, also after a crash.

    A symlink stays one: the file it leads to is replaced. The mode stays, and the owner where
    the process may set it. Raises Refusal if the file no longer holds `before`, Outage if it
    cannot be written; then it is as it was and nothing is left beside it.
    """
    import tempfile  # noqa: PLC0415 - every check reads, and few commands write

    target = Path(os.path.realpath(path))
    try:
        facts = target.stat()
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            with suppress(PermissionError):
                os.fchown(file.fileno(), facts.st_uid, facts.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(facts.st_mode))
            os.fsync(file.fileno())
        if target.read_bytes() != before:
            raise Refusal(
                f"{path} changed while it was being regenerated",
                state="it was left as it is now",
                next_step="run the same again",
            )
        fresh.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        fresh.unlink(missing_ok=True)
    _settle(target.parent)


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


def _settle(folder: Path) -> None:
    """Make the new name last through a power cut, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> Outage:
    return Outage(
        f"{path} cannot be written: {reason(error)}",
        state="it was left as it is",
        next_step="see to its folder's permissions and space, then run the same again",
    )
