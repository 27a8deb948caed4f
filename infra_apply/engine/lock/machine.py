"""Which machine this is, and when its processes started, as the system tells it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra_apply.engine.lock.model import Machine, Process


def this_machine() -> Machine:
    """Read the ids of this machine, of its running system, and of our pid namespace."""
    if sys.platform == "darwin":
        return Machine(
            host=socket.gethostname(),
            machine_id=_matched(_PLATFORM_UUID, "/usr/sbin/ioreg", "-rd1", "-c", _PLATFORM),
            boot_id=_answer("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"),
            pid_namespace=None,
        )
    return Machine(
        host=socket.gethostname(),
        machine_id=_text(Path("/etc/machine-id")),
        boot_id=_text(Path("/proc/sys/kernel/random/boot_id")),
        pid_namespace=_link(Path("/proc/self/ns/pid")),
    )


def process(pid: int) -> Process:
    """Return a process of this machine, with its start as far as the system tells it."""
    return Process(pid, started_of(pid) or "")


def started_of(pid: int) -> str | None:
    """Return when a process of this machine started; None if there is none of that pid.

    It is field 22 of /proc/PID/stat (proc(5)): ticks since the system's start; ps(1)'s `lstart`
    where there is no /proc. The text is empty for a process that is there and may not be looked
    at. One that has ended and was not waited for holds nothing any more: it is none.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (PermissionError, OverflowError):
        pass  # it is another user's, or no pid at all
    if not Path("/proc/self/stat").exists():
        return _answer("/bin/ps", "-o", "lstart=", "-p", str(pid)) or ""
    # The second field is the program's name in parentheses, which may hold blanks and more of them.
    fields = (_text(Path(f"/proc/{pid}/stat")) or "").rpartition(")")[2].split()
    if len(fields) < _STARTED:
        return ""
    return None if fields[0] in {"Z", "X"} else fields[_STARTED - 1]


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _link(file: Path) -> str | None:
    try:
        return str(file.readlink())
    except OSError:
        return None


def _answer(*command: str) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603 - the system's own tools, by their full path
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        return None
    return result.stdout.strip() or None


def _matched(pattern: re.Pattern[str], *command: str) -> str | None:
    match = pattern.search(_answer(*command) or "")
    return match[1] if match else None


_STARTED: Final = 20  # the 22nd field, counted behind the program's name
_PLATFORM: Final = "IOPlatformExpertDevice"
_PLATFORM_UUID: Final = re.compile(r'"IOPlatformUUID" = "([^"]+)"')
