"""The passphrase of a rehearsal's state, kept beside the state that it encrypts."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra_apply.errors import Refusal
from infra_apply.inputs import files

FORMER: Final = "rehearsal"
"""Of every state that is older than its passphrase's file."""


def passphrase_of(folder: Path) -> str:
    """Return the passphrase of the state in `folder`/state; a folder without state gets a new one.

    It is in `folder`/passphrase, for its owner alone. Raises Refusal where that file is a link, or
    others may read or write it, and Outage if it cannot be written.
    """
    # Looked at before the file: where two rehearsals begin at once, the file is there before any
    # state.
    has_state = (folder / "state" / ".pulumi").exists()
    file = folder / "passphrase"
    if not os.path.lexists(file):
        if has_state:
            return FORMER
        with suppress(FileExistsError):
            files.create(file, secrets.token_urlsafe(32).encode(), private=True)
    return _read(file)


def _read(file: Path) -> str:
    try:
        facts = file.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise _refusal(file, "it is a link, or no regular file")
        if facts.st_mode & 0o077 or facts.st_uid != os.geteuid():
            raise _refusal(file, "others may read or change it")
        text = files.content(str(file), _MOST).decode().strip()
    except (OSError, UnicodeDecodeError):
        raise _refusal(file, "it cannot be read") from None
    if not text:
        raise _refusal(file, "it is empty")
    return text


_MOST: Final = 1024


def _refusal(file: Path, why: str) -> Refusal:
    return Refusal(
        f"{file}, which holds the passphrase of the rehearsal's state, is not used: {why}",
        state="nothing was done",
        next_step=f"chmod 600 {file}, if it is yours; or name another folder with --account",
    )
