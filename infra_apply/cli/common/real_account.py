"""The real account and state of a stack, taken as plain pulumi takes them."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from infra_apply.apply.record import log_file
from infra_apply.apply.target import Target
from infra_apply.cli.common.context import Context
from infra_apply.cli.common.credentials import (
    are_encrypted,
    configured_credentials,
    decrypted,
    plain,
)
from infra_apply.cli.common.findings import findings_text
from infra_apply.cli.common.options import pulumi_project_of, stack_of
from infra_apply.digitalocean.client import Client, find_credentials
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.errors import Refusal
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.stack import PlannedStack, plan_stack
from infra_apply.terminal.layout import StatusLine


def real_context(arguments: Namespace) -> Context:
    """Check and plan the stack, find token and engine; nothing is asked of the account yet.

    Raises Refusal for manifests with errors, Usage without a token or a stack, and Outage where
    no engine can be had.
    """
    project, stack = pulumi_project_of(arguments), stack_of(arguments)
    planned = plan_stack(project, stack, config_file=arguments.config_file)
    if planned.plan is None:
        raise Refusal("these manifests cannot be planned\n\n" + findings_text(planned.findings))
    status_line = StatusLine(sys.stderr)
    engine, client = _engine_and_client(arguments, project, stack, status_line)
    target = Target(
        plan=planned.plan,
        engine=engine,
        folder=project.folder,
        environ=os.environ,
        client=client,
        status_line=status_line,
        pause=time.sleep,
        clock=time.monotonic,
        command=" ".join(["infra-apply", "up", *typed_flags(arguments)]),
        config_file=arguments.config_file,
    )
    return Context(target, log_file(), manifest_folders(project, planned))


def typed_flags(arguments: Namespace) -> list[str]:
    """Return the flags that name the project and the stack, as they were typed."""
    flags = [("-C", arguments.directory), ("--stack", arguments.stack)]
    flags.append(("--config-file", arguments.config_file))
    return [word for flag, value in flags if value is not None for word in (flag, str(value))]


def manifest_folders(project: Project, planned: PlannedStack) -> list[Path]:
    """Return the Pulumi project's folder, and then those of the manifests."""
    manifests = planned.loaded.fleet.manifests if planned.loaded else ()
    return [project.folder, *sorted({Path(manifest.path).parent for manifest in manifests})]


def _engine_and_client(
    arguments: Namespace, project: Project, stack: str, status_line: StatusLine
) -> tuple[Engine, Client]:
    """Find the token first: the engine may take minutes to be built."""
    file = (arguments.config_file or project.stack_file(stack)).absolute()
    configured = configured_credentials(file, project)
    if are_encrypted(configured):
        engine = install(os.environ, status_line)
        values = decrypted(configured, file, engine, project, stack)
        return engine, Client(find_credentials(os.environ, values))
    client = Client(find_credentials(os.environ, plain(configured)))
    return install(os.environ, status_line), client
