"""What previewing and applying work on, the real account or a rehearsal's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra_apply.apply.target import Target


@dataclass(frozen=True, slots=True)
class Context:
    """What previewing and applying need beside the target.

    `log` is the file that runs are logged in, `folders` are those whose commits are logged; the
    first is the Pulumi project's. `reword` is applied to what the engine says.
    """

    target: Target
    log: Path
    folders: Sequence[Path]
    reword: Callable[[str], str] = str


INTERRUPTED: Final = (
    "what was under way was finished and is in the state; the same command goes on from there"
)
