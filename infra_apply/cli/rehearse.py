"""`infra-apply rehearse VERB`: the real engine against a simulated DigitalOcean."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from infra_apply.apply.target import Target
from infra_apply.cli.common import applying
from infra_apply.cli.common.findings import findings_text
from infra_apply.cli.common.options import (
    add_project_flags,
    positive_number,
    pulumi_project_of,
    stack_of,
)
from infra_apply.cli.common.outcome import show
from infra_apply.cli.common.real_account import manifest_folders, typed_flags
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.engine.progress import Progress
from infra_apply.engine.run import run
from infra_apply.errors import Failure, Refusal, Usage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.stack import PlannedStack, plan_stack
from infra_apply.rehearsal import session
from infra_apply.terminal import StatusLine

VERBS: Final = {
    "preview": "what `pulumi up` would do",
    "up": "make the account what the manifests say",
    "refresh": "read the account into the state",
    "destroy": "shows that it refuses; --everything ends the throwaway fleet",
}


def add_parser(subparsers: Any) -> None:
    """Add `rehearse` with its verbs."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "rehearse",
        help="run the real engine against a simulated DigitalOcean",
        description="No account, no token, no cost: the API is simulated on this machine.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, summary in VERBS.items():
        verb_parser = verbs.add_parser(verb, help=summary)
        _add_flags(verb_parser)
        verb_parser.add_argument("--format", choices=("text", "json"), default="text")
        applied = verb in {"preview", "up"}
        verb_parser.set_defaults(run=run_apply if applied else run_engine, everything=False)
        if applied:
            applying.add_apply_flags(verb_parser, verb)
        if verb == "destroy":
            verb_parser.add_argument(
                "--everything", action="store_true", help="lift protection first, in this rehearsal"
            )
    exec_parser = verbs.add_parser("exec", help="run a command in the rehearsal's environment")
    _add_flags(exec_parser)
    exec_parser.add_argument("argv", nargs="+", metavar="-- COMMAND")
    exec_parser.set_defaults(run=run_command)
    serve_parser = verbs.add_parser("serve", help="run the simulated API alone until Ctrl-C")
    _add_flags(serve_parser)
    serve_parser.set_defaults(run=run_api)


def run_apply(arguments: argparse.Namespace) -> int:
    """Preview or apply with the code of the real thing; nobody is asked, nothing is bought."""
    arguments.yes = True
    verb = applying.preview if arguments.verb == "preview" else applying.up
    with _rehearsal(arguments) as (planned, engine, rehearsal):
        context = _context(arguments, planned, engine, rehearsal)
        try:
            return verb(context, arguments)
        except KeyboardInterrupt:
            _print_interrupted()
            raise
        finally:
            _print_unmodelled(rehearsal)


def run_engine(arguments: argparse.Namespace) -> int:
    """Run one verb of the engine; the tree on stdout, progress on stderr."""
    with _rehearsal(arguments) as (planned, engine, rehearsal):
        if planned.plan is None:
            return 1
        stack = planned.plan.stack
        if arguments.everything:
            session.lift_protection(rehearsal, engine, stack)
        progress = Progress(StatusLine(sys.stderr), arguments.verb)
        try:
            outcome = run(
                arguments.verb,
                engine=engine,
                pulumi_project=rehearsal.folder,
                stack=stack,
                environ=rehearsal.env,
                on_event=progress.event,
                on_tick=progress.tick,
                create_stack=True,
            )
        except KeyboardInterrupt:
            progress.end()
            _print_interrupted()
            raise
        finally:
            progress.end()
            _print_unmodelled(rehearsal)
        return show(outcome, planned.plan, arguments.verb, arguments.format)


def run_command(arguments: argparse.Namespace) -> int:
    """Run any command with the rehearsal's engine, account and state; its exit code is ours."""
    with _rehearsal(arguments) as (planned, engine, rehearsal):
        if planned.plan is not None:
            session.select_stack(rehearsal, engine, planned.plan.stack)
        try:
            child = subprocess.Popen(  # noqa: S603 - running what was asked is its purpose
                arguments.argv, env=dict(rehearsal.env), cwd=rehearsal.folder
            )
        except OSError as error:
            raise Usage(f"{arguments.argv[0]} cannot be run: {error.strerror}") from None
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the command got it too, and may have something to finish


def run_api(arguments: argparse.Namespace) -> int:
    """Serve the simulated API; stdout has the lines a client's shell needs."""
    _, planned = _planned(arguments)
    with _directory(arguments) as directory:
        options = _options(None, directory, arguments)
        with session.serve_api(options, planned.plan) as server:
            print(f"export DIGITALOCEAN_API_URL={server.url}")
            print(f"export DIGITALOCEAN_TOKEN={session.TOKEN}", flush=True)
            print("rehearsal: serving until Ctrl-C", file=sys.stderr)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    return 0


def _add_flags(parser: argparse.ArgumentParser) -> None:
    add_project_flags(parser)
    parser.add_argument(
        "--account", metavar="DIR", type=Path, help="keep account and state here between runs"
    )
    parser.add_argument("--faults", metavar="FILE", type=Path, help="API faults to play (YAML)")
    parser.add_argument(
        "--clock",
        metavar="N",
        type=positive_number,
        default=20.0,
        help="divide waits by N (default: 20)",
    )
    parser.add_argument(
        "--limits",
        action="store_true",
        help="keep DigitalOcean's rate limits (250 requests a minute, 5,000 an hour; times / N)",
    )


def _options(
    engine: Engine | None, directory: Path, arguments: argparse.Namespace
) -> session.Options:
    return session.Options(
        engine, directory, arguments.faults, arguments.clock, limits=arguments.limits
    )


@contextmanager
def _rehearsal(
    arguments: argparse.Namespace,
) -> Iterator[tuple[PlannedStack, Engine, session.Rehearsal]]:
    project, planned = _planned(arguments)
    engine = install(os.environ, StatusLine(sys.stderr))
    with (
        _named_in_hints(arguments),
        _directory(arguments) as directory,
        session.start_rehearsal(
            project,
            stack_of(arguments),
            _options(engine, directory, arguments),
            plan=planned.plan,
            config_file=arguments.config_file,
        ) as rehearsal,
    ):
        plugin = "the real plugin" if rehearsal.plugin == "real" else "the stand-in plugin"
        where = directory if arguments.account else "memory"
        print(
            f"rehearsal: pulumi {engine.version}, {plugin}, a simulated account in {where}; "
            "nothing real is touched",
            file=sys.stderr,
        )
        yield planned, engine, rehearsal


def _context(
    arguments: argparse.Namespace,
    planned: PlannedStack,
    engine: Engine,
    rehearsal: session.Rehearsal,
) -> applying.Context:
    assert planned.plan is not None  # noqa: S101 - `_planned` refuses a stack without one
    scale = arguments.clock
    environ = {**rehearsal.env, "DIGITALOCEAN_HTTP_RETRY_MAX": "0"}
    target = Target(
        plan=planned.plan,
        engine=engine,
        folder=rehearsal.folder,
        environ=environ,
        client=Client(Credentials(rehearsal.server.url, session.TOKEN)),
        status_line=StatusLine(sys.stderr),
        pause=lambda seconds: time.sleep(seconds / scale),
        clock=lambda: time.monotonic() * scale,
        command=_command(arguments, "up"),
        create_stack=True,
    )
    project = pulumi_project_of(arguments)
    log = (arguments.account or rehearsal.folder).absolute() / "log.jsonl"
    return applying.Context(target, log, manifest_folders(project, planned), scale)


def _command(arguments: argparse.Namespace, verb: str) -> str:
    account = ["--account", str(arguments.account)] if arguments.account else []
    return " ".join(["infra-apply", "rehearse", verb, *account, *typed_flags(arguments)])


def _print_interrupted() -> None:
    print(
        "rehearsal: what was under way was finished and is in the state; "
        "the same command goes on from there",
        file=sys.stderr,
    )


def _print_unmodelled(rehearsal: session.Rehearsal) -> None:
    if unmodelled := sorted(set(rehearsal.server.unmodelled)):
        print(f"rehearsal: the simulated API lacks {', '.join(unmodelled)}", file=sys.stderr)


def _planned(arguments: argparse.Namespace) -> tuple[Project, PlannedStack]:
    """Plan the stack; without a plan there is nothing to seed an account with. Raises Refusal."""
    project = pulumi_project_of(arguments)
    planned = plan_stack(project, stack_of(arguments), config_file=arguments.config_file)
    if planned.plan is None:
        raise Refusal("these manifests cannot be planned\n\n" + findings_text(planned.findings))
    return project, planned


@contextmanager
def _named_in_hints(arguments: argparse.Namespace) -> Iterator[None]:
    """Have a failure name commands of this rehearsal: plain pulumi would reach the real state."""
    try:
        yield
    except Failure as failure:
        through = f"{_command(arguments, 'exec')} -- pulumi "
        failure.message = _PULUMI.sub(through, failure.message)
        failure.state = _PULUMI.sub(through, failure.state)
        failure.next_step = _PULUMI.sub(through, failure.next_step)
        raise


_PULUMI: Final = re.compile(
    r"(?<!-- )\bpulumi (?=(?:cancel|config|destroy|import|login|preview|refresh|stack|state|up)\b)"
)


@contextmanager
def _directory(arguments: argparse.Namespace) -> Iterator[Path]:
    if arguments.account:
        yield arguments.account.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="infra-apply-rehearsal-") as temporary:
        yield Path(temporary)
