"""`infra-apply env PROJECT`: the variables that a project's service is started with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra_apply.cli.common.account import add_account_flag, existing_account
from infra_apply.cli.common.options import (
    add_project_flags,
    pulumi_project_of,
    require_stack,
    stack_of,
)
from infra_apply.cli.common.real_account import typed_flags
from infra_apply.diagnostics.redact import without_secrets
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.engine.install.installer import install
from infra_apply.engine.stack_export import read_outputs
from infra_apply.errors import Failure, Outage, Refusal, Usage
from infra_apply.inputs import files
from infra_apply.inputs.pulumi_project import Project
from infra_apply.plan.stack import plan_stack
from infra_apply.rehearsal.session import kept_state
from infra_apply.terminal.layout import StatusLine, plural
from infra_apply.terminal.printing import print_answer, print_remark
from infra_apply.terminal.safe_text import encodable, safe
from infra_apply.variables import FORMATS, Variables


def add_parser(subparsers: Any) -> None:
    """Add `env`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "env",
        help="print the variables that a project's service needs, secrets among them",
        description="Prints DATABASE_URL, its parts and the URL of each dependency, as the last "
        "`up` left them in the stack's state. Needs what decrypts that state, and no token.",
    )
    parser.add_argument("project", metavar="PROJECT", help="the project whose service it is")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        default="dotenv",
        help="dotenv (docker compose, python-dotenv and sh read it alike), json, or systemd "
        "(EnvironmentFile=)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="write them to a file that you alone may read, and print nothing",
    )
    add_account_flag(parser)
    add_project_flags(parser, named=True)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print or write the variables; values stand nowhere but there.

    Raises Usage for a project that nobody knows, Refusal for what was not applied yet and for what
    the format or stdout cannot hold, Outage where the outputs cannot be read.
    """
    require_stack(arguments)
    variables = _read_variables(arguments)
    text = FORMATS[arguments.format](variables)
    if not variables:
        print_remark(f"{arguments.project} has no variables in stack {stack_of(arguments)}")
    if arguments.output is not None:
        files.write(arguments.output, text.encode(), private=True)
        print_remark(f"{arguments.output}: wrote {plural(len(variables), 'variable')}")
    elif arguments.format == "json":  # in which every letter can be written
        print_answer(text, end="")
    else:
        _require_unchanged(variables, FORMATS[arguments.format])
        print_answer(text, end="")
    return 0


def _read_variables(arguments: argparse.Namespace) -> dict[str, str]:
    pulumi_project, stack = pulumi_project_of(arguments), stack_of(arguments)
    outputs = _read_outputs(arguments, pulumi_project, stack)
    instances = outputs.get("instances") if outputs else None
    if not isinstance(instances, Mapping):
        raise Refusal(
            f"stack {stack} does not exist, or was never applied",
            state="nobody has variables yet",
            next_step=f"apply it: {_up_command(arguments)}",
        )
    if arguments.project not in instances:
        raise _not_in_outputs(arguments, pulumi_project, instances)
    variables = dict(instances[arguments.project].get("env") or {})
    for name, value in variables.items():
        if not isinstance(value, str):
            raise Refusal(
                f"the stack's outputs hold no text for {name} of {arguments.project}",
                state="it was not known when the stack was last applied",
                next_step=f"apply it again: {_up_command(arguments)}",
            )
    return variables


def _read_outputs(
    arguments: argparse.Namespace, pulumi_project: Project, stack: str
) -> dict[str, Any] | None:
    """Return the outputs of the stack, or of its rehearsal; None where nothing was applied."""
    account = arguments.account and existing_account(arguments.account)
    engine = install(os.environ, StatusLine(sys.stderr))
    folder, environ = pulumi_project.folder, dict(os.environ)
    if account:
        kept = kept_state(account, engine)
        if kept is None:
            return None
        folder, environ = kept
        stack = f"organization/{pulumi_project.name}/{stack}"  # another project's may be kept there
    try:
        return read_outputs(engine.path, stack, folder, environ)
    except Outage as outage:
        raise Outage(
            without_secrets(outage.message),
            state="no variable was read, and nothing was printed or written",
            next_step="give it what decrypts the state and leads to it, as for plain pulumi "
            "(PULUMI_CONFIG_PASSPHRASE, PULUMI_BACKEND_URL), and run the same again",
        ) from None


def _not_in_outputs(
    arguments: argparse.Namespace, pulumi_project: Project, instances: Mapping[str, Any]
) -> Failure:
    stack, project = stack_of(arguments), arguments.project
    if _is_declared(arguments, pulumi_project, stack):
        return Refusal(
            f"{project} has a manifest, and was not applied to stack {stack} yet",
            state="it has no variables yet",
            next_step=f"apply it: {_up_command(arguments)}",
        )
    return Usage(
        f"there is no project `{project}` in stack {stack}",
        next_step=did_you_mean(project, instances) or "",
    )


def _is_declared(arguments: argparse.Namespace, pulumi_project: Project, stack: str) -> bool:
    """Say whether a manifest of the stack's environment names the project; mistakes do not count.

    The variables themselves need no stack file.
    """
    try:
        planned = plan_stack(pulumi_project, stack, config_file=arguments.config_file)
    except Usage:
        return False
    if planned.loaded is None or planned.settings is None:
        return False
    wanted = (arguments.project, planned.settings.environment)
    return any(manifest.instance == wanted for manifest in planned.loaded.fleet.manifests)


def _require_unchanged(variables: Variables, in_format: Callable[[Variables], str]) -> None:
    """Raise Refusal for a variable that stdout would not hold as it is."""
    encoding = (sys.stdout and sys.stdout.encoding) or "utf-8"
    for name, value in variables.items():
        text = in_format({name: value})
        if encodable(safe(text), encoding) != text:
            raise Refusal(
                f"{name} holds what a CI service would take for a command, or what stdout cannot "
                f"encode ({encoding})",
                state="nothing was printed",
                next_step="--output FILE holds it as it is, and so does --format json",
            )


def _up_command(arguments: argparse.Namespace) -> str:
    account = ["--account", str(arguments.account)] if arguments.account else []
    return " ".join(["infra-apply", "up", *typed_flags(arguments), *account])
