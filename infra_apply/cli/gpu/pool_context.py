"""What GPU commands work on: the real account and state, or a rehearsal's with `--account DIR`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra_apply.cli.common.account import existing_account
from infra_apply.cli.common.credentials import (
    are_encrypted,
    configured_credentials,
    decrypted,
    plain,
)
from infra_apply.cli.common.options import pulumi_project_of, stack_of
from infra_apply.digitalocean.client import Client, Credentials, find_credentials
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.errors import Usage
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.engine_settings import engine_environ, private_config
from infra_apply.gpu.fleet_settings import read_settings
from infra_apply.gpu.stack import Backend
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.stack import plan_stack
from infra_apply.rehearsal import session
from infra_apply.terminal.layout import StatusLine
from infra_apply.terminal.printing import print_remark


@dataclass(frozen=True, slots=True)
class EnvironmentStack:
    """An environment's stack, and the fleet that its settings name."""

    pulumi_project: Project
    name: str
    file: Path
    environment: str
    fleet: str


@dataclass(frozen=True, slots=True)
class Connection:
    """What reads and changes the account, and the engine with its state."""

    client: Client
    destroyer: Destroyer
    backend: Backend


def read_environment_stack(arguments: argparse.Namespace) -> EnvironmentStack:
    """Read an environment's stack file, and no manifest.

    Raises Usage if there is none, Refusal for one that does not say whose slots are meant.
    """
    pulumi_project, stack = pulumi_project_of(arguments), stack_of(arguments)
    file = (arguments.config_file or pulumi_project.stack_file(stack)).absolute()
    settings = read_settings(pulumi_project, stack, config_file=arguments.config_file)
    return EnvironmentStack(pulumi_project, stack, file, settings.environment, settings.fleet)


@contextmanager
def connect(arguments: argparse.Namespace, stack: EnvironmentStack) -> Iterator[Connection]:
    """Open the account and the state; a rehearsal says so on stderr. Raises Usage, Outage."""
    with tempfile.TemporaryDirectory(prefix="infra-apply-gpu-") as private:
        if arguments.account is None:
            _refuse_rehearsal_flags(arguments)
            engine, credentials = _engine_and_credentials(stack)
            config_file = private_config(stack.file, Path(private))
            folder = stack.pulumi_project.folder
            backend = _backend(engine, credentials, folder, os.environ, config_file)
            client = Client(credentials)
            yield Connection(client, _destroyer(client, 1), backend)
            return
        engine = install(os.environ, StatusLine(sys.stderr))
        with _rehearsal(arguments, engine, stack) as rehearsal:
            credentials = Credentials(rehearsal.server.url, rehearsal.server.token)
            copied = rehearsal.folder / "stacks" / f"Pulumi.{stack.name}.yaml"
            config_file = private_config(copied, Path(private))
            folder, environ = rehearsal.folder, rehearsal.env
            backend = _backend(engine, credentials, folder, environ, config_file)
            client = Client(credentials)
            yield Connection(client, _destroyer(client, _clock(arguments)), backend)


@contextmanager
def connect_account(arguments: argparse.Namespace) -> Iterator[tuple[Client, Destroyer]]:
    """Open the account with nothing but a token, or a rehearsal's. Raises Usage."""
    if arguments.account is None:
        _refuse_rehearsal_flags(arguments)
        client = Client(find_credentials(os.environ, {}))
        yield client, _destroyer(client, 1)
        return
    directory = existing_account(arguments.account)
    clock = _clock(arguments)
    options = session.Options(None, directory, clock_scale=clock)
    with session.serve_api(options, None) as server:
        client = Client(Credentials(server.url, server.token))
        yield client, _destroyer(client, clock)


def _engine_and_credentials(stack: EnvironmentStack) -> tuple[Engine, Credentials]:
    """Install the engine, which decrypts the stack file's credentials where they are encrypted."""
    configured = configured_credentials(stack.file, stack.pulumi_project)
    if are_encrypted(configured):
        engine = install(os.environ, StatusLine(sys.stderr))
        values = decrypted(configured, stack.file, engine, stack.pulumi_project, stack.name)
        return engine, find_credentials(os.environ, values)
    # Before the engine is built, which may take minutes: a missing token is said at once.
    credentials = find_credentials(os.environ, plain(configured))
    return install(os.environ, StatusLine(sys.stderr)), credentials


def _backend(
    engine: Engine,
    credentials: Credentials,
    folder: Path,
    environ: Mapping[str, str],
    config_file: Path,
) -> Backend:
    own = engine_environ(environ, endpoint=credentials.endpoint, token=credentials.token)
    return Backend(engine, folder, own, config_file)


def _destroyer(client: Client, clock: float) -> Destroyer:
    return Destroyer(client, lambda seconds: time.sleep(seconds / clock))


@contextmanager
def _rehearsal(
    arguments: argparse.Namespace, engine: Engine, stack: EnvironmentStack
) -> Iterator[session.Rehearsal]:
    directory = arguments.account.absolute()
    project, file = stack.pulumi_project, arguments.config_file
    plan = None
    if not (directory / "account.json").exists():  # a fresh account is seeded by a plan
        plan = plan_stack(project, stack.name, config_file=file).plan
    options = session.Options(
        engine, directory, getattr(arguments, "faults", None), _clock(arguments)
    )
    with session.start_rehearsal(
        project, stack.name, options, plan=plan, config_file=file
    ) as rehearsal:
        print_remark(
            f"rehearsal: pulumi {engine.version}, a simulated account in {directory}; "
            "nothing real is touched"
        )
        yield rehearsal


def _refuse_rehearsal_flags(arguments: argparse.Namespace) -> None:
    if arguments.clock is not None or getattr(arguments, "faults", None) is not None:
        raise Usage("--clock and --faults are for rehearsals", next_step="give --account DIR")


def _clock(arguments: argparse.Namespace) -> float:
    return arguments.clock or 20.0
