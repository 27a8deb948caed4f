"""`infra-apply plan`: what a stack should hold, without asking anyone outside."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.cli.common.findings import print_findings
from infra_apply.cli.common.options import add_project_flags, pulumi_project_of, stack_of
from infra_apply.cost.compute import cost
from infra_apply.cost.prices import BUILT_IN
from infra_apply.cost.text import one_line
from infra_apply.plan.json import as_json
from infra_apply.plan.stack import plan_stack
from infra_apply.plan.text import lines
from infra_apply.terminal.printing import print_answer, print_json


def add_parser(subparsers: Any) -> None:
    """Add `plan`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "plan",
        help="print what a stack should hold",
        description="Plans a stack from its manifests, mesh and settings alone.",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    add_project_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the plan; with errors there is none, only the diagnostics on stderr, and 1."""
    planned = plan_stack(
        pulumi_project_of(arguments), stack_of(arguments), config_file=arguments.config_file
    )
    findings = planned.findings
    if findings.diagnostics:
        print_findings(findings)
    if planned.plan is None or (arguments.strict and findings.warnings):
        return 1
    if arguments.format == "json":
        print_json(as_json(planned.plan))
    else:
        print_answer("\n".join(lines(planned.plan)))
        print_answer(f"\n{one_line(cost([planned.plan], BUILT_IN))}")
    return 0
