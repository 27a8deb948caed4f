"""`infra-apply rehearse VERB`: the real engine against a simulated DigitalOcean."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
from functools import partial
from typing import Any, Final

from infra_apply.cli.common import applying, rehearsing
from infra_apply.cli.common.context import INTERRUPTED
from infra_apply.cli.common.outcome import show
from infra_apply.engine.lock.waiting import run_with_lock
from infra_apply.engine.progress import Progress
from infra_apply.errors import Usage
from infra_apply.rehearsal import session
from infra_apply.terminal.layout import StatusLine
from infra_apply.terminal.printing import print_answer, print_remark

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
        rehearsing.add_rehearsal_flags(verb_parser)
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
    rehearsing.add_rehearsal_flags(exec_parser)
    exec_parser.add_argument("argv", nargs="+", metavar="-- COMMAND")
    exec_parser.set_defaults(run=run_command)
    serve_parser = verbs.add_parser("serve", help="run the simulated API alone until Ctrl-C")
    rehearsing.add_rehearsal_flags(serve_parser)
    serve_parser.set_defaults(run=run_api)


def run_apply(arguments: argparse.Namespace) -> int:
    """Preview or apply with the code of the real thing."""
    verb = applying.preview if arguments.verb == "preview" else applying.up
    return rehearsing.run_applied(verb, arguments)


def run_engine(arguments: argparse.Namespace) -> int:
    """Run one verb of the engine; the tree on stdout, progress on stderr."""
    with rehearsing.start(arguments) as started:
        plan, rehearsal = started.plan, started.rehearsal
        if arguments.everything:
            session.lift_protection(rehearsal, started.engine, plan.stack)
        status_line = StatusLine(sys.stderr)
        progress = Progress(status_line, arguments.verb)
        try:
            outcome = run_with_lock(
                arguments.verb,
                engine=started.engine,
                pulumi_project=rehearsal.folder,
                stack=plan.stack,
                environ=rehearsal.env,
                status_line=status_line,
                on_event=progress.event,
                on_tick=progress.tick,
                create_stack=True,
            )
        except KeyboardInterrupt:
            progress.end()
            print_remark(INTERRUPTED)
            raise
        finally:
            progress.end()
        reword = partial(rehearsing.reworded, arguments=arguments)
        return show(outcome, plan, arguments.verb, arguments.format, reword=reword)


def run_command(arguments: argparse.Namespace) -> int:
    """Run any command with the rehearsal's engine, account and state; its exit code is ours."""
    with rehearsing.start(arguments) as started:
        rehearsal = started.rehearsal
        session.select_stack(rehearsal, started.engine, started.plan.stack)
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
    _, _, plan = rehearsing.plan_rehearsed(arguments)
    with rehearsing.directory_of(arguments) as directory:
        options = rehearsing.options_of(None, directory, arguments)
        with session.serve_api(options, plan) as server:
            print_answer(f"export DIGITALOCEAN_API_URL={server.url}")
            print_answer(f"export DIGITALOCEAN_TOKEN={server.token}")
            print_remark("rehearsal: serving until Ctrl-C")
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    return 0
