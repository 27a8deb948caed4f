"""What a run works on: a stack's plan, the engine with its state, and the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra_apply.digitalocean.client import Client
from infra_apply.engine.events import Event, Phase
from infra_apply.engine.install.find import Engine
from infra_apply.engine.lock.waiting import Patience, run_with_lock
from infra_apply.engine.progress import Progress
from infra_apply.engine.run import Outcome, Verb
from infra_apply.plan.model import Plan
from infra_apply.terminal.layout import StatusLine


@dataclass(frozen=True, slots=True)
class Target:
    """A stack, and everything that is needed to preview and to apply it.

    `folder` is the Pulumi project's, `environ` are the engine's variables and no others.
    `create_stack` makes the stack where the backend has none. `pause` waits for seconds of the
    account's time and `clock` gives them: in a rehearsal both run `speed` times as fast as a real
    clock.
    `command` is what was typed, as in `infra-apply up --stack prod`, without flags that consent.
    A preview writes the engine's plan into `plan_file`, and an update does exactly that, and
    deletes the file when it begins.
    A run waits for the stack's lock with `patience`. `run_engine` is called as
    `engine.lock.waiting.run_with_lock` is.
    """

    plan: Plan
    engine: Engine
    folder: Path
    environ: Mapping[str, str]
    client: Client
    status_line: StatusLine
    pause: Callable[[float], None]
    clock: Callable[[], float]
    command: str
    patience: Patience = field(default_factory=Patience)
    config_file: Path | None = None
    create_stack: bool = False
    speed: float = 1.0
    plan_file: Path | None = None
    run_engine: Callable[..., Outcome] = run_with_lock

    def run(
        self,
        verb: Verb,
        *,
        environ: Mapping[str, str] | None = None,
        clear_pending_creates: bool = False,
    ) -> Outcome:
        """Run the engine once; `environ` are variables beside the target's own.

        Raises as `engine.lock.waiting.run_with_lock` does.
        """
        progress = Progress(self.status_line, verb)

        def see(event: Event) -> None:
            # The engine has read its plan by now, which holds user data in the clear.
            if verb == "up" and self.plan_file is not None and isinstance(event, Phase):
                self.plan_file.unlink(missing_ok=True)
            progress.event(event)

        try:
            return self.run_engine(
                verb,
                engine=self.engine,
                pulumi_project=self.folder,
                stack=self.plan.stack,
                environ={**self.environ, **(environ or {})},
                status_line=self.status_line,
                on_event=see,
                on_tick=progress.tick,
                patience=self.patience,
                config_file=self.config_file,
                create_stack=self.create_stack,
                refresh=True,
                parallel=PARALLEL,
                clear_pending_creates=clear_pending_creates,
                plan_file=self.plan_file if verb in {"preview", "up"} else None,
            )
        finally:
            progress.end()


PARALLEL = 64
"""Resources that the engine works on side by side; most of them only wait for DigitalOcean."""
