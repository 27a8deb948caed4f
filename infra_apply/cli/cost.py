"""`infra-apply cost`: what the fleet costs a month."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.cli.common.account import add_account_flag, client_of
from infra_apply.cli.common.company import read_company
from infra_apply.cli.common.findings import print_problems
from infra_apply.cli.common.options import add_project_flags, named_stack_of
from infra_apply.cost.compute import cost
from infra_apply.cost.json import as_json
from infra_apply.cost.model import Prices
from infra_apply.cost.prices import BUILT_IN, prices_of
from infra_apply.cost.text import lines
from infra_apply.digitalocean.read import read_sizes
from infra_apply.errors import Outage
from infra_apply.terminal.printing import print_answer, print_json, print_remark
from infra_apply.terminal.safe_text import printable


def add_parser(subparsers: Any) -> None:
    """Add `cost`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "cost",
        help="what the fleet costs a month",
        description="Prices the hosts and pools that every stack renders, or the stack named; by "
        "the account's own prices where there is a token, else by built-in ones.",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_account_flag(parser)
    add_project_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the cost; with errors there is no plan, only the diagnostics on stderr, and 1."""
    company = read_company(arguments)
    print_problems(company.findings)
    if company.findings.errors:
        return 1
    named = named_stack_of(arguments)
    plans = [plan for name, plan in company.plans.items() if named in {None, name}]
    fleet_cost = cost(plans, _prices(arguments))
    if company.fleet.quarantined:
        names = ", ".join(sorted(company.fleet.quarantined))
        print_remark(printable(f"not counted, because it is quarantined: {names}"))
    if arguments.format == "json":
        print_json(as_json(fleet_cost))
    else:
        print_answer("\n".join(lines(fleet_cost)))
    return 0


def _prices(arguments: argparse.Namespace) -> Prices:
    """Return the account's prices, or the built-in ones without a token or an answer."""
    with client_of(arguments) as client:
        if client is None:
            return BUILT_IN
        try:
            sizes = read_sizes(client)
        except Outage as outage:
            print_remark(f"infra-apply: {outage}\n  so built-in prices are used")
            return BUILT_IN
    simulated = arguments.account is not None
    return prices_of(sizes, "the rehearsal's sizes" if simulated else "the account's sizes")
