"""Runs the real engine over a project, through Pulumi's Automation API."""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pulumi.automation import StackAlreadyExistsError, StackNotFoundError
from pulumi.automation._stack import StackInitMode  # not public in 3.272, and Stack asks for it
from pulumi.automation.errors import CommandError

from infra_apply.engine.command import ExactCommand
from infra_apply.engine.events import EngineMessage, Event, EventCollector, Step
from infra_apply.engine.failures import failure_of, no_such_stack
from infra_apply.engine.workspace import QuietStack, Workspace, project_file
from infra_apply.errors import Failure, Outage, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pulumi.automation import EngineEvent, PulumiFn

    from infra_apply.engine.install.find import Engine

Verb = Literal["preview", "up", "refresh", "destroy"]
# `up` and `destroy` plan first; the second phase acts. A preview never does.
_ACTING_PHASE: Mapping[Verb, float] = {"preview": math.inf, "up": 2, "destroy": 2, "refresh": 1}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, or would do.

    With `ok` False the diagnostics say why, in the program's or provider's own words. `duration`
    is in seconds, `changes` is the engine's count: op -> resources. `acted` is False where the
    steps are only planned: after a preview, and where an update ended before it began to act.
    """

    ok: bool
    steps: tuple[Step, ...]
    diagnostics: tuple[EngineMessage, ...]
    duration: float
    changes: Mapping[str, int]
    acted: bool = False


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM ended a run; `outcome` is what the engine had done when it ended."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run(  # noqa: PLR0913 - each a decision of the caller
    verb: Verb,
    *,
    engine: Engine,
    pulumi_project: Path,
    stack: str,
    environ: Mapping[str, str],
    on_event: Callable[[Event], None],
    on_tick: Callable[[], None] = lambda: None,
    on_start: Callable[[int], None] = lambda _pid: None,
    config_file: Path | None = None,
    create_stack: bool = False,
    refresh: bool = False,
    parallel: int | None = None,
    clear_pending_creates: bool = False,
    plan_file: Path | None = None,
    program: PulumiFn | None = None,
) -> Outcome:
    """Run `pulumi VERB` on `stack` of the Pulumi project in the folder `pulumi_project`.

    The engine gets the variables `environ` and no others. `up` and `destroy` preview first, and
    a preview that fails changes nothing. `on_event` is called from another thread and must not
    raise; `on_tick` comes five times a second; `on_start` gets the pid of each process of
    the CLI. `refresh` is for preview, up and destroy; `clear_pending_creates` for
    refresh. With a passphrase the engine writes an encryption salt into `config_file` where that
    has none; the project's own stack file then stays as it is. `preview` writes the engine's plan
    into `plan_file`, which holds secrets in the clear, and `up` does that and nothing else, without
    a preview of its own. `program` runs that function instead of the project's.

    Raises Usage (no such project or stack, a wrong passphrase), Retry (the stack is locked),
    Outage (the engine does not start, or crashed), and Interrupted after Ctrl-C, when the engine
    has finished what was in flight.
    """
    if not project_file(pulumi_project).is_file():
        raise Usage(f"{pulumi_project} is no Pulumi project", next_step="name one with -C DIR")
    command = ExactCommand(engine, environ, on_tick, on_start)
    collector = EventCollector()

    def collect(event: EngineEvent) -> None:
        if (meaning := collector.add(event)) is not None:
            on_event(meaning)

    # `program` runs here, and grpc would send what it says to the engine, on this machine, through
    # the proxy of `http_proxy`. As language/child.py does it for the project's own program.
    os.environ["no_grpc_proxy"] = "127.0.0.1,localhost"  # noqa: SIM112 - grpc reads this one
    started = time.monotonic()
    acting_phase = 1 if verb == "up" and plan_file is not None else _ACTING_PHASE[verb]
    try:
        workspace = Workspace(
            pulumi_project, command, program, config_elsewhere=config_file is not None
        )
        options = _options(
            verb, config_file, parallel, refresh=refresh, clear=clear_pending_creates
        )
        if plan_file is not None:
            options["plan"] = str(plan_file)

        act = getattr(QuietStack(stack, workspace, StackInitMode.SELECT), verb)
        try:
            act(on_event=collect, color="never", **options)
        except StackNotFoundError as error:
            if collector.phases:  # it ran, and another stack is meant
                raise
            _create(stack, workspace, error, allowed=create_stack)
            act(on_event=collect, color="never", **options)
    except (CommandError, RuntimeError) as error:
        if failure := _failure(verb, stack, command, collector, error):
            raise failure from error
    except KeyboardInterrupt:
        raise Interrupted(_outcome(collector, acting_phase, started, ok=False)) from None
    result = command.results.get(verb)
    ok = result is not None and result.code == 0
    return _outcome(collector, acting_phase, started, ok=ok)


def _outcome(
    collector: EventCollector, acting_phase: float, started: float, *, ok: bool
) -> Outcome:
    return Outcome(
        ok=ok,
        steps=collector.steps,
        diagnostics=collector.messages,
        duration=time.monotonic() - started,
        changes=collector.changes,
        acted=collector.phases >= acting_phase,
    )


def _create(
    stack: str, workspace: Workspace, missing: StackNotFoundError, *, allowed: bool
) -> None:
    if not allowed:
        raise no_such_stack(stack, workspace) from missing
    with contextlib.suppress(StackAlreadyExistsError):  # another run has made it this very moment
        workspace.create_stack(stack)


def _options(
    verb: Verb, config_file: Path | None, parallel: int | None, *, refresh: bool, clear: bool
) -> dict[str, Any]:
    """Return the keyword arguments of the Automation API; none for what is not asked."""
    options: dict[str, Any] = {}
    if config_file is not None:
        options["config_file"] = str(config_file.resolve())
    if parallel is not None:
        options["parallel"] = parallel
    if refresh and verb != "refresh":
        options["refresh"] = True
    if clear and verb == "refresh":
        options["clear_pending_creates"] = True
    return options


def _failure(
    verb: Verb, stack: str, command: ExactCommand, collector: EventCollector, error: Exception
) -> Failure | None:
    """Return what to raise for an error of the Automation API; None if the outcome tells it.

    The run's own result decides, if it came that far; else that of looking for the stack.
    """
    result = command.results.get(verb)
    if result is None:
        result = command.results.get("stack")  # it was to be made
        if result is None:
            return Outage(f"pulumi {verb} failed: {error}", next_step="run it again")
    if not result.code:
        return None
    reported = any(message.severity == "error" for message in collector.messages)
    return failure_of(result, stack, reported=reported)
