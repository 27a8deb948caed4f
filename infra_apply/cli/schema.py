"""`infra-apply schema`: the JSON Schema of a manifest, for editors."""

from __future__ import annotations

import argparse
from typing import Any

from infra_apply.cli.common.schema_text import schema_text
from infra_apply.terminal.printing import print_answer


def add_parser(subparsers: Any) -> None:
    """Add `schema`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "schema", help="print the JSON Schema of a manifest (draft 2020-12)"
    )
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Print the schema."""
    print_answer(schema_text(), end="")
    return 0
