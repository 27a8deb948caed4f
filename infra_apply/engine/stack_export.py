"""What a stack's last checkpoint remembers, by the engine's own export."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra_apply.errors import Outage


def export_stack(
    executable: Path,
    stack: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any] | None:
    """Return what `pulumi stack export` prints for a stack of the Pulumi project in `folder`.

    None where there is no such stack. Secrets are ciphertext. It works inside a running update too,
    of a file or an S3 backend, and shows the state before that run's refresh (measured with engine
    3.259). Raises Outage where the state cannot be read.
    """
    command = [str(executable), "stack", "export", "--stack", stack, "--non-interactive"]
    return _answer(command, stack, folder, environ, pause)


def read_outputs(
    executable: Path,
    stack: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any] | None:
    """Return a stack's outputs with their secrets in the clear, as the last update left them.

    Otherwise as `export_stack`; it needs what decrypts the stack's secrets, as an update does.
    """
    shown = ["stack", "output", "--json", "--show-secrets"]
    command = [str(executable), *shown, "--stack", stack, "--non-interactive"]
    return _answer(command, stack, folder, environ, pause)


def _answer(
    command: Sequence[str],
    stack: str,
    folder: Path,
    environ: Mapping[str, str],
    pause: Callable[[float], None],
) -> dict[str, Any] | None:
    """Return the JSON object that a command about a stack prints; None without the stack."""
    try:
        process = _run(command, folder, environ, pause)
    except OSError as error:
        raise _unreadable(stack, f"the engine does not start: {error}") from None
    if process.returncode == _NO_SUCH_STACK:
        return None
    if process.returncode:
        raise _unreadable(stack, process.stderr.strip() or f"exit code {process.returncode}")
    try:
        answer = json.loads(process.stdout)
    except ValueError:
        raise _unreadable(stack, "what the engine printed is not JSON") from None
    if not isinstance(answer, dict):
        raise _unreadable(stack, "what the engine printed is no object")
    return answer


def _run(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    pause: Callable[[float], None],
) -> subprocess.CompletedProcess[str]:
    """Run a command of the engine, again where the state was just being written.

    A file backend is written in place: a reader may meet half a file (measured with engine 3.259).
    """
    for seconds in (*_PAUSES, None):
        process = subprocess.run(  # noqa: S603 - the engine itself
            command,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not process.returncode or seconds is None or _HALF_WRITTEN not in process.stderr:
            break
        pause(seconds)
    return process


def _unreadable(stack: str, reason: str) -> Outage:
    return Outage(
        f"the state of stack {stack} cannot be read: {reason.removeprefix('error: ')}",
        state="nothing was changed: what the state remembers decides what may be made",
        next_step=f"see what it says: pulumi stack export --stack {stack}",
    )


_NO_SUCH_STACK: Final = 6  # pulumi's exit code for it, v3.259
_HALF_WRITTEN: Final = "failed to load checkpoint"
_PAUSES: Final = (0.1, 0.4, 0.5, 1.0, 1.0, 1.0, 1.0)
