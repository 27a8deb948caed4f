"""`infra-apply rehearse VERB`: the real engine against a simulated DigitalOcean."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra_apply.cli.options import add_project_flags, project_of, stack_of
from infra_apply.engine.install import install
from infra_apply.engine.progress import Progress
from infra_apply.engine.run import Outcome, Verb, run
from infra_apply.engine.ticker import Ticker
from infra_apply.engine.tree import lines
from infra_apply.failures import Refusal
from infra_apply.plan.model import Plan
from infra_apply.plan.outline import not_rendered, notes
from infra_apply.planning import plan_stack
from infra_apply.rehearsal import faults
from infra_apply.rehearsal.session import Rehearsal, rehearsal
from infra_apply.reporters import text


def add_parser(subparsers: Any) -> None:
    """Add `rehearse` with its verbs."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "rehearse",
        help="run the real engine against a simulated DigitalOcean",
        description="No account, no token, no cost: the API is simulated on this machine.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, summary in (("preview", "what `pulumi up` would do"),):
        one = verbs.add_parser(verb, help=summary)
        _add_flags(one)
        one.set_defaults(run=run_engine)
    other = verbs.add_parser("exec", help="run a command in the rehearsal's environment")
    _add_flags(other)
    other.add_argument("argv", nargs="+", metavar="-- COMMAND")
    other.set_defaults(run=run_command)


def run_engine(arguments: argparse.Namespace) -> int:
    """Run one verb of the engine; the tree on stdout, progress on stderr."""
    verb: Verb = arguments.verb
    with _session(arguments) as (plan, engine, session):
        progress = Progress(Ticker(sys.stderr), verb)
        try:
            outcome = run(
                verb,
                engine=engine,
                project=session.folder,
                stack=plan.stack,
                environment=session.environment,
                on_event=progress.event,
                on_tick=progress.tick,
                create_stack=True,
            )
        finally:
            progress.end()
        return _show(outcome, plan)


def run_command(arguments: argparse.Namespace) -> int:
    """Run any command with the rehearsal's engine, account and state; its exit code is ours."""
    with _session(arguments) as (_, _, session):
        return subprocess.run(  # noqa: S603 - running what was asked is the command's purpose
            arguments.argv, env=dict(session.environment), cwd=session.folder, check=False
        ).returncode


def _add_flags(parser: argparse.ArgumentParser) -> None:
    add_project_flags(parser)
    parser.add_argument(
        "--account", metavar="DIR", type=Path, help="keep account and state here between runs"
    )
    parser.add_argument("--faults", metavar="FILE", type=Path, help="API faults to play (YAML)")
    parser.add_argument(
        "--clock", metavar="N", type=float, default=20.0, help="divide waits by N (default: 20)"
    )


@contextmanager
def _session(arguments: argparse.Namespace) -> Iterator[tuple[Plan, Any, Rehearsal]]:
    project, stack = project_of(arguments), stack_of(arguments)
    planned = plan_stack(project, stack, config_file=arguments.config_file)
    if planned.plan is None:
        raise Refusal(text.findings(planned.findings, Path.cwd(), colour=_colour(sys.stderr)))
    engine = install(os.environ, Ticker(sys.stderr))
    played = faults.load(arguments.faults) if arguments.faults else ()
    with tempfile.TemporaryDirectory(prefix="infra-apply-rehearsal-") as temporary:
        directory = (arguments.account or Path(temporary)).absolute()
        with rehearsal(
            project,
            stack,
            planned.plan,
            engine,
            directory,
            config_file=arguments.config_file,
            faults=played,
            clock=arguments.clock,
        ) as session:
            plugin = "the real plugin" if session.plugin == "real" else "the stand-in plugin"
            print(
                f"rehearsal: pulumi {engine.version}, {plugin}, a simulated account in "
                f"{directory if arguments.account else 'memory'}; nothing real is touched",
                file=sys.stderr,
            )
            yield planned.plan, engine, session


def _show(outcome: Outcome, plan: Plan) -> int:
    for message in outcome.diagnostics:
        if message.severity in {"warning", "error"}:
            print(message.message.strip(), file=sys.stderr)
    if not outcome.ok:
        return 1
    for line in lines(outcome.steps, _colour(sys.stdout), notes=notes(plan)):
        print(line)
    for line in not_rendered(plan):
        print(line)
    return 0


def _colour(stream: Any) -> bool:
    return bool(stream.isatty()) and "NO_COLOR" not in os.environ
