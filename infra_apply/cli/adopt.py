"""`infra-apply adopt`: what is there already, proposed to a stack."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from infra_apply.adoption.json import as_json
from infra_apply.adoption.model import Proposals
from infra_apply.adoption.propose import propose
from infra_apply.adoption.stack_file import as_yaml, with_proposals
from infra_apply.adoption.text import counted, not_proposed_lines, reasons
from infra_apply.cli.adopt_state import read_remembered
from infra_apply.cli.common.account import add_account_flag, client_of
from infra_apply.cli.common.findings import print_problems
from infra_apply.cli.common.options import add_project_flags, pulumi_project_of
from infra_apply.diagnostics.report.paths import relative
from infra_apply.digitalocean.client import Client, find_credentials
from infra_apply.digitalocean.model import Account
from infra_apply.digitalocean.read import (
    read_clusters,
    read_databases,
    read_droplets,
    read_gpu_droplets,
    read_users,
)
from infra_apply.errors import Usage
from infra_apply.fleet.rules.gpu_ondemand import is_gpu_size
from infra_apply.inputs.document import Document
from infra_apply.inputs.files import replace
from infra_apply.inputs.pulumi_project import stack_of_file
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import plan_stack
from infra_apply.terminal import StatusLine


def add_parser(subparsers: Any) -> None:
    """Add `adopt`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "adopt",
        help="propose what is there already for a stack to take over",
        description="Looks at the account, and proposes settings for every host, database and "
        "user of the stack's plan that is there already. Changes nothing in the account.",
    )
    parser.add_argument("--write", action="store_true", help="put them into the stack's file")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_account_flag(parser)
    add_project_flags(parser, named=True)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the proposals, and why on stderr; with errors in the fleet only these, and 1."""
    stack = _named_stack(arguments)
    pulumi_project = pulumi_project_of(arguments)
    planned = plan_stack(pulumi_project, stack, config_file=arguments.config_file)
    print_problems(planned.findings)
    plan, settings, loaded = planned.plan, planned.settings, planned.loaded
    if plan is None or settings is None or loaded is None:
        return 1
    mesh = loaded.fleet.mesh
    account = _read_account(arguments, plan)
    remembered = read_remembered(arguments, pulumi_project, stack)
    proposals = propose(plan, settings, mesh.hosts if mesh else {}, account, remembered)
    for line in reasons(proposals):
        print(line, file=sys.stderr)
    for problem in proposals.not_proposed:
        print("\n".join(not_proposed_lines(problem, time.time())), file=sys.stderr)
    document = settings.document
    file_name = relative(document.path, Path.cwd())
    is_written = arguments.write and _write(document, proposals)
    if arguments.format == "json":
        answer = as_json(proposals, stack, file_name if is_written else None)
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    elif not counted(proposals):
        print(f"stack {stack}: nothing is proposed")
    elif is_written:
        print(f"{file_name}: wrote {counted(proposals)}")
    else:
        print(as_yaml(proposals), end="")
    return 0


def _named_stack(arguments: argparse.Namespace) -> str:
    """Return the stack that the flags name: none is guessed to take something over into."""
    file = arguments.config_file
    stack: str | None = arguments.stack or (stack_of_file(file) if file else None)
    if not stack:
        raise Usage("name the stack", next_step="--stack prod, for example")
    return stack


def _read_account(arguments: argparse.Namespace, plan: Plan) -> Account:
    """Read what the plan's hosts, databases and users could be. Raises Usage, Outage."""
    status_line = StatusLine(sys.stderr)
    with client_of(arguments) as client:
        status_line.show("reading the account")
        try:
            return _account(client or Client(find_credentials(os.environ, {})), plan)
        finally:
            status_line.clear()


def _account(client: Client, plan: Plan) -> Account:
    names = {database.cluster for database in plan.databases}
    clusters = {name: cluster for name, cluster in read_clusters(client).items() if name in names}
    has_gpu_host = any(is_gpu_size(host.droplet.size) for host in plan.hosts)
    return Account(
        droplets=tuple(read_droplets(client)) if plan.hosts else (),
        gpu_droplets=tuple(read_gpu_droplets(client)) if has_gpu_host else (),
        clusters=clusters,
        databases={name: read_databases(client, cluster) for name, cluster in clusters.items()},
        users={name: read_users(client, cluster) for name, cluster in clusters.items()},
    )


def _write(document: Document, proposals: Proposals) -> bool:
    """Write the proposals into the stack's file, if there are any. Raises Refusal, Outage."""
    after = with_proposals(document, proposals)
    if after == document.source:
        return False
    replace(Path(document.path), document.source, after)
    return True
