"""What can go wrong outside the manifests, as exceptions whose type says the reaction.

A mistake in a file is never one of these: it is a `Diagnostic` value, and all are shown at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A process that holds a stack's lock: `user` as in `ada@box`, `since` an RFC 3339 time."""

    user: str
    pid: int
    since: str


class Failure(Exception):
    """Something that stopped a command: what went wrong, what state things are in, what to do.

    `exit_code` is the process's exit code when nothing handles the failure.
    """

    exit_code = 3

    def __init__(self, message: str, *, state: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.state = state
        self.next_step = next_step

    def __str__(self) -> str:
        lines = [self.message]
        if self.state:
            lines.append(f"  state: {self.state}")
        if self.next_step:
            lines.append(f"  next:  {self.next_step}")
        return "\n".join(lines)


class Usage(Failure):
    """The command line, project or stack does not make sense; nothing was tried. Correct it."""

    exit_code = 2


class Refusal(Failure):
    """What was asked is understood and not done, to protect something. Decide, then ask again."""

    exit_code = 1


class Retry(Failure):
    """Somebody else is at work, or the other side asked for patience. The same call may succeed.

    `holders` are the processes that hold the lock, as far as they are known.
    """

    def __init__(
        self,
        message: str,
        *,
        state: str = "",
        next_step: str = "",
        holders: Sequence[LockHolder] = (),
    ) -> None:
        super().__init__(message, state=state, next_step=next_step)
        self.holders = tuple(holders)


class Outage(Failure):
    """Something outside (engine, registry, API, token) failed. Nothing was changed by this call."""


class Ambiguous(Failure):
    """A change was asked for and its answer was lost. Look before asking again."""
