"""Files that may be anything, read without waiting; and files written at once, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


def write(path: Path, source: bytes, *, private: bool = False) -> None:
    """Write a file, in place of the one that is there; a reader sees one or the other.

    A link at `path` itself is not followed, nothing but a regular file is replaced, and nobody is
    waited for at the other end of a pipe; the folders that lead to `path` may be links. The mode
    stays, and the owner where the process may set it. A new file has the mode that the umask
    leaves. What is `private` only this process's user may read, whatever was there. Raises Refusal
    for what is not replaced, Outage if it cannot be written; then all is as it was.
    """
    _require_replaceable(path)
    with _finished_beside(path, path, source, private=private) as finished:
        finished.replace(path)


def create(path: Path, source: bytes, *, private: bool = False) -> None:
    """Write a file where nothing is; a reader sees all of it or none.

    Raises FileExistsError where anything has that name, a link that leads nowhere too, and Outage
    if it cannot be written.
    """
    with _finished_beside(path, path, source, private=private) as finished:
        os.link(finished, path)  # other than a renamed file it takes nobody's place


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` in place of `before`; a reader sees one or the other, also after a crash.

    A symlink stays one: the file it leads to is replaced, which holds what was read through it.
    The mode stays, and the owner where the process may set it. Raises Refusal if the file no longer
    holds `before`, Outage if it cannot be written; then it is as it was and nothing is left beside
    it.
    """
    target = Path(os.path.realpath(path))
    with _finished_beside(path, target, after) as finished:
        if content(str(target), len(before)) != before:
            raise Refusal(
                f"{path} changed while it was being regenerated",
                state="it was left as it is now",
                next_step="run the same again",
            )
        finished.replace(target)


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


@contextmanager
def _finished_beside(
    path: Path, target: Path, source: bytes, *, private: bool = False
) -> Iterator[Path]:
    """Give a file beside `target` that is ready to take its place; it goes where it does not.

    Raises Outage, which names `path`, for what goes wrong in the block too; FileExistsError passes.
    """
    fresh = target.parent / f".infra-apply-{os.urandom(8).hex()}"
    try:
        _write_fresh(fresh, source, _facts(target), private=private)
        yield fresh
        _settle(target.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unwritable(path, reason(error)) from None
    except ValueError:
        raise _unwritable(path, "no file can be called that") from None
    finally:
        with suppress(OSError, ValueError):
            fresh.unlink(missing_ok=True)


def _facts(path: Path) -> os.stat_result | None:
    """Return what is known of a file, of a link itself; None where nothing is or can be."""
    try:
        return path.lstat()
    except (OSError, ValueError):  # what is wrong is said when it is written to
        return None


def _require_replaceable(path: Path) -> None:
    facts = _facts(path)
    if facts is None or stat.S_ISREG(facts.st_mode):
        return
    kind = "a link, which is not followed" if stat.S_ISLNK(facts.st_mode) else "no regular file"
    raise Refusal(
        f"{path} cannot be written: it is {kind}",
        state="it was left as it is",
        next_step="name another file",
    )


def _write_fresh(
    fresh: Path, source: bytes, former: os.stat_result | None, *, private: bool
) -> None:
    """Write a new file, which nobody may read at any time who may not read the `former`."""
    mode = 0o600 if private or former else 0o666
    with os.fdopen(os.open(fresh, _NEW, mode), "wb") as file:
        file.write(source)
        file.flush()
        if former and not private:
            _keep_owner_and_mode(file.fileno(), former)
        os.fsync(file.fileno())


def _keep_owner_and_mode(descriptor: int, former: os.stat_result) -> None:
    mode = stat.S_IMODE(former.st_mode) & 0o777
    try:
        os.fchown(descriptor, former.st_uid, former.st_gid)
    except PermissionError:
        if os.fstat(descriptor).st_gid != former.st_gid:  # another group may what everybody may
            mode = mode & ~0o070 | (mode & 0o007) << 3
    os.fchmod(descriptor, mode)


_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def _settle(folder: Path) -> None:
    """Make the new name last through a power cut, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, why: str) -> Outage:
    return Outage(
        f"{path} cannot be written: {why}",
        state="it was left as it is",
        next_step="see to its folder's permissions and space, then run the same again",
    )
