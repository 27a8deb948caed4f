"""The stack that holds a pool's slots: what it remembers, its lock, and runs of the engine on it.

It belongs to the environment's Pulumi project and has no stack file: the engine is given a private
one, with what the environment's file says of secrets and of the provider, and nothing to write to.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.site import find_site
from infra_apply.engine.lock.waiting import Patience, lift_locks, run_with_lock
from infra_apply.engine.progress import Progress
from infra_apply.engine.run import Outcome, Verb
from infra_apply.engine.stack_export import export_stack
from infra_apply.errors import Outage
from infra_apply.gpu.pool import Remembered
from infra_apply.gpu.state import remembered_in
from infra_apply.terminal.layout import StatusLine

if TYPE_CHECKING:
    from pulumi.automation import PulumiFn


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the engine keeps a Pulumi project's stacks.

    `environ` are its process's variables, `patience` says how long a run waits for another's lock.
    """

    engine: Engine
    folder: Path
    environ: Mapping[str, str]
    config_file: Path
    patience: Patience = field(default_factory=Patience)

    def remembered(self, stack: str) -> Remembered:
        """Read what a stack's last checkpoint remembers; it is not changed. Raises Outage."""
        try:
            exported = export_stack(
                self.engine.path, stack, self.folder, self.environ, pause=self.patience.pause
            )
        except Outage as outage:
            raise Outage(outage.message, state="nothing was changed", next_step=_REAP) from None
        return remembered_in(exported or {})

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

        Raises as `engine.lock.waiting.run_with_lock` does.
        """
        progress = Progress(status_line, f"{stack}: {verb}")
        try:
            return run_with_lock(
                verb,
                engine=self.engine,
                pulumi_project=self.folder,
                stack=stack,
                environ=self.environ,
                status_line=status_line,
                on_event=progress.event,
                on_tick=progress.tick,
                patience=self.patience,
                config_file=self.config_file,
                create_stack=True,
                refresh=True,
                clear_pending_creates=clear_pending_creates,
                program=program or _no_program,
            )
        finally:
            progress.end()

    def lift_locks(self, stack: str, status_line: StatusLine) -> None:
        """Lift the locks that a stack has now, as `engine.lock.waiting.lift_locks` does."""
        site = find_site(self.engine, self.folder, stack, self.environ)
        lift_locks(site, status_line)

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
            next_step=_REAP,
        )


def _no_program() -> None:
    """Stand in for a program where none runs: a refresh asks the provider alone."""


_REAP: Final = "if a GPU must end now: infra-apply gpu reap needs no state"
# A state that another run is writing just now may end too early; v3.259 on a folder.
