"""The log of what was applied: a line a run, in JSON, with nothing secret."""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from infra_apply.apply.work import changing
from infra_apply.engine.run import Outcome


def log_file() -> Path:
    """Return where runs on real accounts are logged, on Linux below `$XDG_STATE_HOME`."""
    return user_state_path("infra-apply") / "log.jsonl"


def entry(
    stack: str, project: Path, outcome: Outcome, commits: Mapping[str, str], *, now: datetime
) -> dict[str, Any]:
    """Return a run's line: who, when, which stack, from which commits, and what was changed.

    `changes` holds the operation, type and name of each resource that was changed, no value.
    """
    return {
        "at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "who": f"{_user()}@{socket.gethostname()}",
        "stack": stack,
        "project": str(project),
        "commits": dict(commits),
        "ok": outcome.ok,
        "changes": [
            {"op": step.op, "type": step.type, "name": step.name}
            for step in changing(outcome.steps)
            if step.status == "done"
        ],
    }


def append(file: Path, line: Mapping[str, Any]) -> None:
    """Append a line to a log that only its user may read. Raises OSError, for a link or a pipe too.

    An account folder that came with a repository could lead to any file of the user's.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(file, flags, 0o600), "a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def commits_of(folders: Iterable[Path]) -> dict[str, str]:
    """Return the commit that each repository of these folders stands at, by its folder.

    A folder in no repository, or a machine without git, adds nothing.
    """
    roots = {root for folder in folders if (root := _repository(folder.resolve()))}
    commits = ((root, _commit(root)) for root in sorted(roots))
    return {str(root): commit for root, commit in commits if commit}


def _repository(folder: Path) -> Path | None:
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)


def _commit(root: Path) -> str:
    try:
        process = subprocess.run(  # noqa: S603 - a folder that the settings name
            ["git", "-C", str(root), "rev-parse", "HEAD"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return process.stdout.strip() if process.returncode == 0 else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
