"""The engine that runs the program, found from inside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from infra_apply.engine.install.find import find
from infra_apply.errors import Outage


def running_engine(environ: Mapping[str, str]) -> Path:
    """Return the engine's executable: the one that runs this program, on PATH, or in the cache.

    A `pulumi` that was started by its path need not be on PATH. Raises Outage without any.
    """
    running = engine_among_ancestors(os.getppid(), _read_process)
    if running and os.access(running, os.X_OK):
        return Path(running)
    if on_path := shutil.which("pulumi", path=environ.get("PATH")):
        return Path(on_path)
    if engine := find(environ):
        return engine.path
    raise Outage(
        "the engine that runs this program cannot be found, and no other is on PATH",
        state="nothing was changed: without it the state cannot be read",
        next_step="put `pulumi` on PATH",
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
