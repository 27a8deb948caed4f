"""`infra-apply up`: make the account what the manifests say, and see that it is."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.cli.common import applying, rehearsing
from infra_apply.cli.common.options import add_project_flags, require_stack
from infra_apply.cli.common.real_account import real_context


def add_parser(subparsers: Any) -> None:
    """Add `up`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "up",
        help="make the account what the manifests say",
        description="Checks, previews, asks, applies, goes on by itself after an outage, and looks "
        "at the account once more. It deletes and replaces nothing that nobody asked for.",
    )
    add_project_flags(parser, named=True)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    applying.add_apply_flags(parser, "up")
    rehearsing.add_account_flag(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Apply the stack: what was done on stdout, everything else on stderr."""
    require_stack(arguments)
    if arguments.account is not None:
        return rehearsing.run_applied(applying.up, arguments)
    return applying.up(real_context(arguments), arguments)
