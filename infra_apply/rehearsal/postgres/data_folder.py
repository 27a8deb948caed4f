"""The folder of one server's data: making it, and who runs in it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra_apply.rehearsal.postgres.binaries import Installation, Unavailable, run_program

SUPERUSER = "postgres"
_HBA = f"""\
local all {SUPERUSER} trust
local all all scram-sha-256
host all {SUPERUSER} all reject
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Running:
    """The server that runs in a folder: its process, and its port on 127.0.0.1."""

    pid: int
    port: int


def make(installation: Installation, folder: Path) -> None:
    """Make the folder with the databases of a new server, or nothing. Raises Unavailable.

    The superuser comes in by the socket in the folder alone, which is open to its owner alone.
    """
    # A rehearsal may be killed meanwhile, and half a folder would be nobody's.
    half = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    options = (
        f"--username={SUPERUSER}", "--auth=reject", "--encoding=UTF8", "--no-locale",
        # Smaller and faster: it is thrown away, so nothing need survive the machine.
        "--wal-segsize=1", "--no-sync",
    )  # fmt: skip
    done = run_program(installation.command("initdb", f"--pgdata={half}", *options))
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        shutil.rmtree(half, ignore_errors=True)
        raise Unavailable((lines or ["initdb failed"])[0].strip())
    (half / "pg_hba.conf").write_text(_HBA)
    half.rename(folder)


def major_of(folder: Path) -> int | None:
    """Return the major version that a folder's data are of; None where there are none."""
    try:
        return int((folder / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def find_running(folder: Path) -> Running | None:
    """Return the server that runs in this folder.

    A folder that was copied names the process of another's server, or one that is no server.
    """
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        running = Running(int(lines[0]), int(lines[3]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return running if _runs_in(running.pid, folder) else None


def forget_others(folder: Path) -> None:
    """Remove what says that a server runs here, where none does: a new one would not start."""
    for name in ("postmaster.pid", ".s.PGSQL.*"):
        for path in folder.glob(name):
            path.unlink()


def _runs_in(pid: int, folder: Path) -> bool:
    """Say whether a process is a server's of this folder, which is where it works."""
    if Path("/proc/self/cwd").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cwd").samefile(folder)
        return False
    listed = subprocess.run(  # noqa: S603 - a number, and nothing of a stranger's
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return str(folder) in listed.stdout
