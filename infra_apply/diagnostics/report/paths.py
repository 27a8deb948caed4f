"""Paths as they are shown: relative to the working directory when below it."""

from __future__ import annotations

import os.path
from pathlib import Path


def relative(path: str, folder: Path) -> str:
    """Return a path relative to a folder when it is below it, else as it is."""
    inside = f"{folder}{os.sep}"
    return path.removeprefix(inside)


def relative_text(text: str, folder: Path) -> str:
    """Shorten the path a text begins with."""
    path, colon, rest = text.partition(":")
    return f"{relative(path, folder)}{colon}{rest}"
