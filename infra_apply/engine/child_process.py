"""A child process that shows its progress, can be interrupted and never outlives us."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_TAIL = 40
_GRACE = 5.0


class ChildFailed(Exception):
    """A child process failed; the message says how, `lines` are the last lines of its output."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = tuple(lines)


def run(  # noqa: PLR0913 - what subprocess.run takes, and two callbacks
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], None],
    on_tick: Callable[[], None],
    timeout: float,
) -> None:
    """Run `command` in `cwd`; each line of its output goes to `on_line`.

    `on_tick` is called about twice a second.
    Raises ChildFailed when it cannot start, exits with another code than 0, or is not done after
    `timeout` seconds. However this ends, no process that the command started is left.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the caller's command
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ChildFailed(f"{command[0]} does not start: {error.strerror or error}") from None
    assert process.stdout is not None  # noqa: S101 - we asked for a pipe
    lines: list[str] = []

    def keep(line: str) -> None:
        lines.append(line)
        del lines[:-_TAIL]
        on_line(line)

    try:
        with process.stdout as output:
            _follow(process, output, keep, on_tick, time.monotonic() + timeout)
            code = process.wait(_GRACE)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise ChildFailed(f"it was not done after {timeout:.0f} s", lines) from None
    finally:
        _terminate_group(process)
    if code:
        last = next((line for line in reversed(lines) if line.strip()), "no output")
        raise ChildFailed(f"exit code {code}: {last.strip()}", lines)


def _terminate_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads its own session, with its group: asked first, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            break
        if number == signal.SIGTERM and process.poll() is None:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                continue
    process.wait()


def _follow(
    process: subprocess.Popen[bytes],
    output: IO[bytes],
    on_line: Callable[[str], None],
    on_tick: Callable[[], None],
    deadline: float,
) -> None:
    """Hand on whole lines until the output ends. Raises TimeoutError at `deadline` (monotonic)."""
    partial = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if time.monotonic() > deadline:
                raise TimeoutError
            on_tick()
            ready = selector.select(0.5)
            if not ready and process.poll() is not None:
                return  # a grandchild may hold the pipe open
            if not ready:
                continue
            chunk = os.read(output.fileno(), 65536)
            if not chunk:
                break
            *whole, partial = (partial + chunk).split(b"\n")
            for line in whole:
                on_line(line.decode("utf-8", "replace"))
    if partial:
        on_line(partial.decode("utf-8", "replace"))
