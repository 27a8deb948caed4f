"""What `adopt` looks at: the stack's account and its state, or those of a rehearsal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra_apply.cli.common.account import client_of
from infra_apply.cli.common.credentials import (
    are_encrypted,
    configured_credentials,
    decrypted,
    plain,
)
from infra_apply.digitalocean.client import Client, find_credentials
from infra_apply.digitalocean.model import Account, Members
from infra_apply.digitalocean.read import read_account
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.engine.stack_export import export_stack
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import State, parse_state
from infra_apply.rehearsal import session
from infra_apply.terminal.layout import StatusLine


def read_adoptable(arguments: argparse.Namespace, pulumi_project: Project, plan: Plan) -> Account:
    """Return all that hosts, databases and users could be. Raises Usage, Outage."""
    status_line = StatusLine(sys.stderr)
    with _client(arguments, pulumi_project, plan.stack) as client:
        status_line.show("reading the account")
        try:
            return read_account(
                client,
                droplets=bool(plan.hosts),
                ssh_keys=False,
                vpcs=False,
                databases={database.cluster: Members() for database in plan.databases},
            )
        finally:
            status_line.clear()


def read_state(arguments: argparse.Namespace, pulumi_project: Project, stack: str) -> State:
    """Read the stack's state, or its state in a rehearsal; there need be none. Raises Outage."""
    if arguments.account is None:
        return _remembered(_engine(), stack, pulumi_project.folder, os.environ)
    directory = arguments.account.absolute()
    if not (directory / "engine" / "state").is_dir():
        return State()
    engine = _engine()
    options = session.Options(engine, directory)
    with session.start_rehearsal(
        pulumi_project, stack, options, plan=None, config_file=arguments.config_file
    ) as rehearsal:
        return _remembered(engine, stack, rehearsal.folder, rehearsal.env)


@contextmanager
def _client(arguments: argparse.Namespace, pulumi_project: Project, stack: str) -> Iterator[Client]:
    """Give a client of the account that the stack's own runs change."""
    if arguments.account is not None:
        with client_of(arguments) as client:
            assert client is not None  # noqa: S101 - a rehearsal's account needs no token
            yield client
        return
    file = (arguments.config_file or pulumi_project.stack_file(stack)).absolute()
    configured = configured_credentials(file, pulumi_project)
    values = (
        decrypted(configured, file, _engine(), pulumi_project, stack)
        if are_encrypted(configured)
        else plain(configured)
    )
    yield Client(find_credentials(os.environ, values))


def _engine() -> Engine:
    return install(os.environ, StatusLine(sys.stderr))


def _remembered(engine: Engine, stack: str, folder: Path, environ: Mapping[str, str]) -> State:
    return parse_state(export_stack(engine.path, stack, folder, environ) or {})
