"""Replace a file's content at once, or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

from infra_apply.errors import Outage, Refusal


def replace(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` in place of `before`; a reader sees one or the other, also after a crash.

    A symlink stays one: the file it leads to is replaced. The mode stays, and the owner where
    the process may set it. Raises Refusal if the file no longer holds `before`, Outage if it
    cannot be written; then it is as it was and nothing is left beside it.
    """
    target = Path(os.path.realpath(path))
    try:
        status = target.stat()
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            with suppress(PermissionError):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fchmod(file.fileno(), S_IMODE(status.st_mode))
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
        f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
        state="it was left as it is",
        next_step="see to its folder's permissions and space, then run the same again",
    )
