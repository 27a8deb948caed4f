"""`infra-apply adopt`: what is there already, proposed to a stack."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from infra_apply.adoption.json import as_json
from infra_apply.adoption.model import Proposals
from infra_apply.adoption.propose import propose
from infra_apply.adoption.stack_file import as_yaml, with_proposals
from infra_apply.adoption.text import counted, not_proposed_lines, reasons
from infra_apply.cli.adopt_account import read_adoptable, read_state
from infra_apply.cli.common.account import add_account_flag
from infra_apply.cli.common.findings import print_problems
from infra_apply.cli.common.options import (
    add_project_flags,
    pulumi_project_of,
    require_stack,
    stack_of,
)
from infra_apply.diagnostics.report.paths import relative
from infra_apply.inputs.document import Document
from infra_apply.inputs.files import replace
from infra_apply.plan.stack import plan_stack
from infra_apply.terminal.printing import print_answer, print_json, print_remark


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
    require_stack(arguments)
    stack = stack_of(arguments)
    pulumi_project = pulumi_project_of(arguments)
    planned = plan_stack(pulumi_project, stack, config_file=arguments.config_file)
    print_problems(planned.findings)
    plan, settings = planned.plan, planned.settings
    if plan is None or settings is None:
        return 1
    account = read_adoptable(arguments, pulumi_project, plan)
    proposals = propose(plan, account, read_state(arguments, pulumi_project, stack))
    for line in reasons(proposals):
        print_remark(line)
    for problem in proposals.not_proposed:
        print_remark("\n".join(not_proposed_lines(problem, time.time())))
    document = settings.document
    file_name = relative(document.path, Path.cwd())
    is_written = arguments.write and _write(document, proposals)
    if arguments.format == "json":
        answer = as_json(proposals, stack, file_name if is_written else None)
        print_json(answer)
    elif not counted(proposals):
        print_answer(f"stack {stack}: nothing is proposed")
    elif is_written:
        print_answer(f"{file_name}: wrote {counted(proposals)}")
    else:
        print_answer(as_yaml(proposals), end="")
    return 0


def _write(document: Document, proposals: Proposals) -> bool:
    """Write the proposals into the stack's file, if there are any. Raises Refusal, Outage."""
    after = with_proposals(document, proposals)
    if after == document.source:
        return False
    replace(Path(document.path), document.source, after)
    return True
