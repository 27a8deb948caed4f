"""What the stack that is running remembers, by the engine's own export, inside its program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from infra_apply.engine.install.find import find
from infra_apply.errors import Outage


def export_stack(name: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what `pulumi stack export` prints for a stack, ORG/PROJECT/STACK, as it was before.

    It works inside a running update, of a file or an S3 backend, and shows the state before this
    run's refresh (measured with engine 3.259). The engine that runs this program is asked first: it
    need not be on PATH. Raises Outage where the state cannot be read.
    """
    executable = _executable(environ)
    if executable is None:
        raise _unreadable(name, "no pulumi is on PATH or runs this program")
    process = _run([executable, "stack", "export", "--stack", name, "--non-interactive"], environ)
    if process.returncode:
        raise _unreadable(name, process.stderr.strip() or f"exit code {process.returncode}")
    try:
        exported = json.loads(process.stdout)
    except ValueError:
        raise _unreadable(name, "what it printed is not JSON") from None
    if not isinstance(exported, dict):
        raise _unreadable(name, "what it printed is no object")
    return exported


def _run(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the engine, again where the state was just being written.

    A file backend is written in place: a reader may meet half a file (measured with engine 3.259).
    """
    for pause in (*_PAUSES, None):
        process = subprocess.run(  # noqa: S603 - the engine itself
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not process.returncode or pause is None or _HALF_WRITTEN not in process.stderr:
            break
        time.sleep(pause)
    return process


_HALF_WRITTEN: Final = "failed to load checkpoint"
_PAUSES: Final = (0.1, 0.3, 1.0)


def _unreadable(name: str, reason: str) -> Outage:
    return Outage(
        f"the state of {name} cannot be read: {reason.removeprefix('error: ')}",
        state="nothing was changed: what the state remembers decides what may be made",
        next_step=f"pulumi stack export --stack {name}, to see what it says",
    )


def engine_among_ancestors(pid: int, read_process: Callable[[int], tuple[str, int]]) -> str | None:
    """Return the nearest executable called pulumi among a process and its ancestors.

    `read_process` gives a process's executable and its parent; nothing and 0 where it is not known.
    """
    for _ in range(_MOST_ANCESTORS):
        if pid <= 1:
            return None
        executable, parent = read_process(pid)
        if Path(executable).name in {"pulumi", "pulumi.exe"}:
            return executable
        pid = parent
    return None


def _executable(environ: Mapping[str, str]) -> str | None:
    running = engine_among_ancestors(os.getppid(), _read_process)
    if running and os.access(running, os.X_OK):
        return running
    if on_path := shutil.which("pulumi", path=environ.get("PATH")):
        return on_path
    engine = find(environ)
    return str(engine.path) if engine else None


def _read_process(pid: int) -> tuple[str, int]:
    proc = Path(f"/proc/{pid}")
    try:
        status = (proc / "stat").read_text().rpartition(")")[2].split()
        return str((proc / "exe").readlink()), int(status[1])
    except (OSError, IndexError, ValueError):
        return _ask_ps(pid)


def _ask_ps(pid: int) -> tuple[str, int]:
    ps = shutil.which("ps")
    if ps is None:
        return "", 0
    answer = subprocess.run(  # noqa: S603 - a number
        [ps, "-o", "ppid=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    parent, _, executable = answer.stdout.strip().partition(" ")
    return (executable.strip(), int(parent)) if parent.isdecimal() else ("", 0)


_MOST_ANCESTORS: Final = 8
