"""Where GPU commands work: the real account and state, or a rehearsal's with `--account DIR`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra_apply.cli.common.options import project_of, stack_of
from infra_apply.cli.gpu_credentials import decrypted, plain, readable, said_of_account
from infra_apply.digitalocean.client import Client, Credentials, find_credentials
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.errors import Usage
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.engine_settings import engine_environment, private_config
from infra_apply.gpu.stack import Backend
from infra_apply.inputs.pulumi_project import Project, settings_values
from infra_apply.naming import owner_tag
from infra_apply.plan.stack import plan_stack, stack_settings
from infra_apply.rehearsal import session
from infra_apply.terminal import StatusLine


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment as far as its stack file can be read: a broken one must not stop an end."""

    project: Project
    stack: str
    name: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class Outside:
    """The account and the engine's state."""

    client: Client
    destroyer: Destroyer
    backend: Backend


def environment_of(arguments: argparse.Namespace) -> Environment:
    """Read an environment's stack file, and no manifest. Raises Usage if there is none."""
    project, stack = project_of(arguments), stack_of(arguments)
    settings, _ = stack_settings(project, stack, config_file=arguments.config_file)
    if settings is not None:
        owner = owner_tag(settings.fleet, settings.environment)
        return Environment(project, stack, settings.environment, owner)
    document = readable(_stack_file(arguments, project, stack))
    name = str(settings_values(document).get("environment", stack)) if document else stack
    return Environment(project, stack, name, None)


@contextmanager
def outside(arguments: argparse.Namespace, environment: Environment) -> Iterator[Outside]:
    """Open the account and the state; a rehearsal says so on stderr. Raises Usage, Outage."""
    project, stack = environment.project, environment.stack
    with tempfile.TemporaryDirectory(prefix="infra-apply-gpu-") as private:
        if arguments.account is None:
            _only_rehearsed(arguments)
            file = _stack_file(arguments, project, stack)
            said = said_of_account(file)
            known = plain(said)
            if known is not None:
                find_credentials(
                    os.environ, known
                )  # a missing token is said before an engine is built
            engine = install(os.environ, StatusLine(sys.stderr))
            found = find_credentials(
                os.environ, known or decrypted(said, file, engine, project, stack)
            )
            backend = Backend(
                engine,
                project.folder,
                engine_environment(os.environ, endpoint=found.endpoint, token=found.token),
                private_config(file, Path(private)),
            )
            client = Client(found)
            yield Outside(client, Destroyer(client, time.sleep), backend)
            return
        engine = install(os.environ, StatusLine(sys.stderr))
        with _rehearsal(arguments, engine, environment) as rehearsal:
            found = Credentials(rehearsal.server.url, session.TOKEN)
            file = rehearsal.folder / "stacks" / f"Pulumi.{stack}.yaml"
            backend = Backend(
                engine,
                rehearsal.folder,
                engine_environment(rehearsal.env, endpoint=found.endpoint, token=found.token),
                private_config(file, Path(private)),
            )
            clock = _clock(arguments)
            client = Client(found)
            destroyer = Destroyer(client, lambda seconds: time.sleep(seconds / clock))
            yield Outside(client, destroyer, backend)


@contextmanager
def account_alone(arguments: argparse.Namespace) -> Iterator[tuple[Client, Destroyer]]:
    """Open the account with nothing but a token, or a rehearsal's. Raises Usage."""
    if arguments.account is None:
        _only_rehearsed(arguments)
        client = Client(find_credentials(os.environ, {}))
        yield client, Destroyer(client, time.sleep)
        return
    directory = Path(arguments.account).absolute()
    if not (directory / "account.json").is_file():
        raise Usage(f"{directory} holds no rehearsal's account (account.json)")
    clock = _clock(arguments)
    with session.serve_api(session.Options(None, directory, clock_scale=clock), None) as server:
        client = Client(Credentials(server.url, session.TOKEN))
        yield client, Destroyer(client, lambda seconds: time.sleep(seconds / clock))


@contextmanager
def _rehearsal(
    arguments: argparse.Namespace, engine: Engine, environment: Environment
) -> Iterator[session.Rehearsal]:
    directory = arguments.account.absolute()
    file = arguments.config_file
    plan = None
    if not (directory / "account.json").exists():  # a fresh account is seeded by a plan
        plan = plan_stack(environment.project, environment.stack, config_file=file).plan
    options = session.Options(
        engine, directory, getattr(arguments, "faults", None), _clock(arguments)
    )
    with session.start_rehearsal(
        environment.project, environment.stack, options, plan=plan, config_file=file
    ) as rehearsal:
        print(
            f"rehearsal: pulumi {engine.version}, a simulated account in {directory}; "
            "nothing real is touched",
            file=sys.stderr,
        )
        yield rehearsal


def _only_rehearsed(arguments: argparse.Namespace) -> None:
    if arguments.clock is not None or getattr(arguments, "faults", None) is not None:
        raise Usage("--clock and --faults are for rehearsals", next_step="give --account DIR")


def _clock(arguments: argparse.Namespace) -> float:
    return arguments.clock or 20.0


def _stack_file(arguments: argparse.Namespace, project: Project, stack: str) -> Path:
    file: Path = arguments.config_file or project.stack_file(stack)
    return file.absolute()
