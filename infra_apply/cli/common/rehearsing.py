"""A rehearsal for the commands that run in one: a simulated account, and words that name it."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra_apply.apply.target import Target
from infra_apply.cli.common.context import Context
from infra_apply.cli.common.findings import findings_text
from infra_apply.cli.common.options import (
    add_project_flags,
    positive_number,
    pulumi_project_of,
    stack_of,
)
from infra_apply.cli.common.real_account import manifest_folders, typed_flags
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.errors import Failure, Refusal
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import PlannedStack, plan_stack
from infra_apply.rehearsal import session
from infra_apply.terminal.layout import StatusLine
from infra_apply.terminal.printing import print_remark

CLOCK: Final = 20.0
"""How much faster than a real account's a rehearsal's clock runs where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Started:
    """A rehearsal that runs, with the stack that was planned and the engine."""

    project: Project
    planned: PlannedStack
    plan: Plan
    engine: Engine
    rehearsal: session.Rehearsal


def add_rehearsal_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every verb of `rehearse`."""
    add_project_flags(parser)
    parser.add_argument(
        "--account", metavar="DIR", type=Path, help="keep account and state here between runs"
    )
    parser.add_argument("--faults", metavar="FILE", type=Path, help="API faults to play (YAML)")
    parser.add_argument(
        "--clock",
        metavar="N",
        type=positive_number,
        default=CLOCK,
        help="divide waits by N (default: 20)",
    )
    parser.add_argument(
        "--limits",
        action="store_true",
        help="keep DigitalOcean's rate limits (250 requests a minute, 5,000 an hour; times / N)",
    )


def add_account_flag(parser: argparse.ArgumentParser) -> None:
    """Add `--account` alone, for a command that works on the real account without it."""
    parser.add_argument(
        "--account",
        metavar="DIR",
        type=Path,
        help="work on a rehearsal's account instead of the real one, as `rehearse` does",
    )
    parser.set_defaults(faults=None, clock=CLOCK, limits=False)


def run_applied(
    verb: Callable[[Context, argparse.Namespace], int], arguments: argparse.Namespace
) -> int:
    """Preview or apply in a rehearsal: nobody is asked, since nothing is bought."""
    arguments.yes = True
    with start(arguments) as started:
        return verb(context_of(arguments, started), arguments)


@contextmanager
def start(arguments: argparse.Namespace) -> Iterator[Started]:
    """Plan the stack and start a rehearsal of it; where the account is goes to stderr.

    Raises Refusal for manifests that cannot be planned, and what `session.start_rehearsal` and the
    block raise, in words that name this rehearsal's commands.
    """
    project, planned, plan = plan_rehearsed(arguments)
    engine = install(os.environ, StatusLine(sys.stderr))
    with (
        _named_in_hints(arguments),
        directory_of(arguments) as directory,
        session.start_rehearsal(
            project,
            stack_of(arguments),
            options_of(engine, directory, arguments),
            plan=plan,
            config_file=arguments.config_file,
        ) as rehearsal,
    ):
        plugin = "the real plugin" if rehearsal.plugin == "real" else "the stand-in plugin"
        where = directory if arguments.account else "memory"
        print_remark(
            f"rehearsal: pulumi {engine.version}, {plugin}, a simulated account in {where}; "
            "nothing real is touched"
        )
        try:
            yield Started(project, planned, plan, engine, rehearsal)
        finally:
            if unmodelled := sorted(set(rehearsal.server.unmodelled)):
                lacks = f"rehearsal: the simulated API lacks {', '.join(unmodelled)}"
                print_remark(lacks)


def plan_rehearsed(arguments: argparse.Namespace) -> tuple[Project, PlannedStack, Plan]:
    """Plan the stack; without a plan there is nothing to seed an account with. Raises Refusal."""
    project = pulumi_project_of(arguments)
    planned = plan_stack(project, stack_of(arguments), config_file=arguments.config_file)
    if planned.plan is None:
        raise Refusal("these manifests cannot be planned\n\n" + findings_text(planned.findings))
    return project, planned, planned.plan


def context_of(arguments: argparse.Namespace, started: Started) -> Context:
    """Return what previewing and applying need; waits are divided by the rehearsal's clock."""
    rehearsal, scale = started.rehearsal, arguments.clock
    target = Target(
        plan=started.plan,
        engine=started.engine,
        folder=rehearsal.folder,
        environ=rehearsal.env,
        client=Client(Credentials(rehearsal.server.url, rehearsal.server.token)),
        status_line=StatusLine(sys.stderr),
        pause=lambda seconds: time.sleep(seconds / scale),
        clock=lambda: time.monotonic() * scale,
        command=_command(arguments, "up"),
        create_stack=True,
        speed=scale,
    )
    return Context(
        target,
        log=(arguments.account or rehearsal.folder).absolute() / "log.jsonl",
        folders=manifest_folders(started.project, started.planned),
        reword=lambda text: reworded(text, arguments),
    )


def reworded(text: str, arguments: argparse.Namespace) -> str:
    """Name this rehearsal's commands in place of plain pulumi, which would reach the real state."""
    return _PULUMI.sub(f"{_command(arguments, 'exec')} -- pulumi ", text)


def options_of(
    engine: Engine | None, directory: Path, arguments: argparse.Namespace
) -> session.Options:
    """Return the rehearsal that the flags ask for."""
    return session.Options(
        engine,
        directory,
        arguments.faults,
        arguments.clock,
        limits=arguments.limits,
        postgres=True,
        remark=print_remark,
    )


@contextmanager
def directory_of(arguments: argparse.Namespace) -> Iterator[Path]:
    """Give the directory of account and state: the one that is kept, or one that goes again."""
    if arguments.account:
        yield arguments.account.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="infra-apply-rehearsal-") as temporary:
        yield Path(temporary)


def _command(arguments: argparse.Namespace, verb: str) -> str:
    account = ["--account", str(arguments.account)] if arguments.account else []
    return " ".join(["infra-apply", "rehearse", verb, *account, *typed_flags(arguments)])


@contextmanager
def _named_in_hints(arguments: argparse.Namespace) -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        failure.message = reworded(failure.message, arguments)
        failure.state = reworded(failure.state, arguments)
        failure.next_step = reworded(failure.next_step, arguments)
        raise


_PULUMI: Final = re.compile(
    r"(?<!-- )\bpulumi (?=(?:cancel|config|destroy|import|login|preview|refresh|stack|state|up)\b)"
)
