"""`infra-apply explain CODE`: why a diagnostic is one, and what mends it."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.diagnostics.suggest import nearest
from infra_apply.errors import Usage
from infra_apply.fleet.rules.table import CODES
from infra_apply.terminal.printing import print_answer


def add_parser(subparsers: Any) -> None:
    """Add `explain`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "explain", help="explain a diagnostic's code, such as IA201"
    )
    parser.add_argument("code", metavar="CODE")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the code's rule, reason and fix. Raises Usage for a code there is not."""
    id_ = arguments.code.upper()
    code = CODES.get(id_)
    if code is None:
        near = nearest(id_, CODES)
        raise Usage(
            f"there is no code `{arguments.code}`",
            next_step=f"did you mean {near}?" if near else f"codes go from {min(CODES)} on",
        )
    print_answer(
        f"{code.id}: {code.title}\n"
        f"rule {code.rule}, {code.severity}\n\n"
        f"Why: {code.why}.\nFix: {code.fix}."
    )
    return 0
