"""Folders of a rehearsal that nobody else may look into."""

from __future__ import annotations

from pathlib import Path

from infra_apply.errors import Refusal


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may use; a link in its place is not followed."""
    if folder.is_symlink():
        raise Refusal(
            f"{folder} is a link, and the rehearsal's state is written through none",
            state="nothing was done",
            next_step="remove it, or name another folder with --account",
        )
    folder.mkdir(mode=0o700, exist_ok=True)
