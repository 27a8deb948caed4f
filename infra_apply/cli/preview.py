"""`infra-apply preview`: what `infra-apply up` would do on the real account."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.cli.common import applying, rehearsing
from infra_apply.cli.common.options import add_project_flags
from infra_apply.cli.common.real_account import real_context


def add_parser(subparsers: Any) -> None:
    """Add `preview`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "preview",
        help="what `up` would do, on the real account",
        description="Checks everything, asks the account, and shows what would be done; nothing "
        "is changed. Exit code 1 where `up` would refuse.",
    )
    add_project_flags(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    applying.add_apply_flags(parser, "preview")
    rehearsing.add_account_flag(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Preview the stack: the tree on stdout, what is wrong and what is under way on stderr."""
    if arguments.account is not None:
        return rehearsing.run_applied(applying.preview, arguments)
    return applying.preview(real_context(arguments), arguments)
