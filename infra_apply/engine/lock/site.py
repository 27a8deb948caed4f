"""Where a stack's lock files lie, and our records of the runs that took them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import yaml
from platformdirs import user_state_path

from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.model import Lock, RunRecord, read_lock, read_record, record_text
from infra_apply.engine.workspace import project_file


@dataclass(frozen=True, slots=True)
class LockSite:
    """A stack's folder of lock files, None where the backend is no folder; and that of our records.

    `backend` is the address of where the stack is kept; it may hold a password.
    """

    stack: str
    backend: str
    locks: Path | None
    records: Path

    @property
    def place(self) -> str:
        """The backend for people: without a user, a password or a query, which may be secret."""
        address = urlsplit(self.backend)
        return f"{address.scheme}://{address.hostname or ''}{address.path}"

    def read_locks(self) -> tuple[Lock, ...]:
        """Read the stack's lock files, by name. One that cannot be read is a lock, too."""
        if self.locks is None:
            return ()
        locks = []
        for file in sorted(self.locks.glob("*.json")):
            try:
                locks.append(read_lock(file.name, file.read_bytes()))
            except FileNotFoundError:  # its run has just ended
                continue
            except OSError:
                locks.append(Lock(file.name, b"", None))
        return tuple(locks)

    def delete_lock(self, lock: Lock) -> bool:
        """Delete exactly this lock's file; False if it is not there any more as it was read.

        Raises OSError if it may not be deleted.
        """
        if self.locks is None or lock not in self.read_locks():
            return False
        file = self.locks / str(lock.name)
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)  # the engine's, of that file
        return True

    def read_records(self) -> Mapping[Path, RunRecord]:
        """Read our records by their file; what is not one of ours is left out."""
        records = {}
        for file in sorted(self.records.glob("*.json")):
            try:
                record = read_record(file.read_text(encoding="utf-8", errors="replace"))
            except OSError:
                continue
            if record is not None:
                records[file] = record
        return records

    def write_record(self, record: RunRecord, file: Path | None = None) -> Path:
        """Write a record, into a file of its own or in place of `file`. Raises OSError.

        The file appears whole: a run that is killed leaves no half of one.
        """
        self.records.mkdir(parents=True, exist_ok=True)
        target = file or self.records / f"{uuid.uuid4()}.json"
        unfinished = target.with_suffix(".new")
        unfinished.write_text(record_text(record), encoding="utf-8")
        unfinished.replace(target)
        return target

    def delete_record(self, file: Path) -> None:
        """Delete a record; nothing happens where it is gone or may not be deleted."""
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def find_site(
    engine: Engine, pulumi_project: Path, stack: str, environ: Mapping[str, str]
) -> LockSite:
    """Find where the engine keeps the locks of a stack of the project in `pulumi_project`.

    The backend is $PULUMI_BACKEND_URL, else what the engine itself names: the project's, or that
    of the login. One that cannot be found out has no lock files for us: the run itself will say
    what is wrong with it.
    """
    backend = environ.get("PULUMI_BACKEND_URL") or _backend_of(engine, pulumi_project, environ)
    project = _project_name(pulumi_project)
    folder = file_backend(backend, pulumi_project)
    if folder is None or project is None:
        key = hashlib.sha256(f"{backend}\n{project}\n{stack}".encode()).hexdigest()
        return LockSite(stack, backend, None, user_state_path("infra-apply") / "runs" / key)
    bookkeeping = folder / ".pulumi"
    path = Path("organization", project, stack.rpartition("/")[2])
    return LockSite(
        stack, backend, bookkeeping / "locks" / path, bookkeeping / "infra-apply" / "runs" / path
    )


def file_backend(backend: str, working_folder: Path) -> Path | None:
    """Return the folder that a `file://` address names, as engine 3.259 reads it; None for others.

    A relative one is relative to the working folder, `~` is the home that the system knows.
    """
    if not backend.startswith(_FILE):
        return None
    text = unquote(backend.removeprefix(_FILE).partition("?")[0])
    if text == "~" or text.startswith("~/"):
        return Path(_home(), text[2:])
    return Path(os.path.normpath(working_folder.absolute() / text))


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return os.path.expanduser("~")  # noqa: PTH111 - a text is wanted


def _backend_of(engine: Engine, pulumi_project: Path, environ: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - the engine that was found
            [str(engine.path), "whoami", "--json", "--non-interactive"],
            cwd=pulumi_project,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
        )
        return str(json.loads(answer.stdout)["url"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return ""


def _project_name(pulumi_project: Path) -> str | None:
    try:
        settings = yaml.safe_load(project_file(pulumi_project).read_bytes())
        return str(settings["name"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return None


_FILE: Final = "file://"
_TIMEOUT: Final = 60.0
