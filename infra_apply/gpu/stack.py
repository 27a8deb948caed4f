"""The stack that holds a pool's slots: what it remembers, its lock, and runs of the engine on it.

It belongs to the environment's Pulumi project and has no stack file: the engine is given a private
one, with what the environment's file says of secrets and of the provider, and nothing to write to.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra_apply.engine.install.find import Engine
from infra_apply.engine.progress import Progress
from infra_apply.engine.run import Outcome, Verb, run
from infra_apply.errors import Outage, Retry
from infra_apply.gpu.pool import Remembered
from infra_apply.gpu.state import is_abandoned, remembered_in
from infra_apply.terminal import StatusLine

if TYPE_CHECKING:
    from pulumi.automation import PulumiFn


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the engine keeps a Pulumi project's stacks; `environ` are its process's variables."""

    engine: Engine
    folder: Path
    environ: Mapping[str, str]
    config_file: Path

    def remembered(self, stack: str) -> Remembered:
        """Read what a stack's last checkpoint remembers; it is not changed. Raises Outage."""
        process = self._ask("stack", "export", "--stack", stack)
        if process.returncode == _NO_SUCH_STACK:
            return Remembered()
        if process.returncode:
            raise self._failed(f"the state of stack {stack} cannot be read", process.stderr)
        return remembered_in(json.loads(process.stdout))

    def stacks(self) -> tuple[str, ...]:
        """Name every stack of the project. Raises Outage."""
        process = self._ask("stack", "ls", "--json")
        if process.returncode:
            raise self._failed("the stacks cannot be listed", process.stderr)
        names = (str(stack["name"]) for stack in json.loads(process.stdout or "[]"))
        return tuple(sorted(name.rpartition("/")[2] for name in names))

    def run_engine(
        self,
        verb: Verb,
        stack: str,
        *,
        program: PulumiFn | None = None,
        clear_pending_creates: bool = False,
        status_line: StatusLine,
    ) -> Outcome:
        """Run the engine on a stack, once nobody else is at work on it.

        A lock whose process is gone from this machine is taken away; for another it waits 5
        minutes. Raises as `engine.run.run` does.
        """
        waited = 0
        while True:
            progress = Progress(status_line, f"{stack}: {verb}")
            try:
                return run(
                    verb,
                    engine=self.engine,
                    pulumi_project=self.folder,
                    stack=stack,
                    environ=self.environ,
                    on_event=progress.event,
                    on_tick=progress.tick,
                    config_file=self.config_file,
                    create_stack=True,
                    refresh=True,
                    clear_pending_creates=clear_pending_creates,
                    program=program or _no_program,
                )
            except Retry as locked:
                if is_abandoned(locked.holders, socket.gethostname(), _is_running):
                    self._unlock(stack)
                    status_line.say(
                        f"{stack}: the run that held its lock is gone; the lock is lifted"
                    )
                elif waited >= _PATIENCE:
                    raise
                else:
                    status_line.show(f"{locked.message}; waiting")
                    waited += _BETWEEN_TRIES
                    time.sleep(_BETWEEN_TRIES)
            finally:
                progress.end()

    def _unlock(self, stack: str) -> None:
        process = self._ask("cancel", "--yes", "--stack", stack)
        if process.returncode:
            raise self._failed(f"the lock of stack {stack} cannot be lifted", process.stderr)

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - the engine itself
                [str(self.engine.path), *words, "--non-interactive"],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise self._failed("the engine does not start", str(error)) from None

    def _failed(self, tried: str, answer: str) -> Outage:
        return Outage(
            f"{tried}: {answer.strip().removeprefix('error: ')}",
            state="nothing was changed",
            next_step="if a GPU must end now: infra-apply gpu reap needs no state",
        )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):  # a zombie holds nothing any more
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _no_program() -> None:
    """Stand in for a program where none runs: a refresh asks the provider alone."""


_NO_SUCH_STACK: Final = 6  # pulumi's exit code for it, v3.259
_PATIENCE: Final = 300
_BETWEEN_TRIES: Final = 3
