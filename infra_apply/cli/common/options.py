"""Flags that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from infra_apply.errors import Usage
from infra_apply.inputs.pulumi_project import Project, find, stack_of_file


def add_project_flags(parser: argparse.ArgumentParser, *, named: bool = False) -> None:
    """Add `-C`, `--stack` and `--config-file`; `named` for what must be told the stack."""
    otherwise = "this or --config-file is required" if named else _OTHERWISE
    parser.add_argument(
        "-C",
        dest="directory",
        metavar="DIR",
        type=Path,
        help="the folder with Pulumi.yaml (default: here)",
    )
    parser.add_argument(
        "--stack",
        metavar="NAME",
        help=f"the stack ({otherwise})",
    )
    parser.add_argument(
        "--config-file", metavar="FILE", type=Path, help="use this stack file, as pulumi does"
    )


_OTHERWISE = "default: from --config-file, $PULUMI_STACK, or prod"


def pulumi_project_of(arguments: argparse.Namespace) -> Project:
    """Return the Pulumi project the flags name. Raises Usage."""
    return find(arguments.directory or Path.cwd())


def stack_of(arguments: argparse.Namespace) -> str:
    """Return the stack that the flags or $PULUMI_STACK name, else prod."""
    named: str | None = arguments.stack
    if named is None and arguments.config_file is not None:
        named = stack_of_file(arguments.config_file)
    return named or os.environ.get("PULUMI_STACK") or "prod"


def require_stack(arguments: argparse.Namespace) -> None:
    """What changes bills is never done to a stack that nobody named. Raises Usage."""
    file = arguments.config_file
    if not (arguments.stack or (file is not None and stack_of_file(file))):
        raise Usage("name the environment's stack", next_step="--stack prod, for example")


def named_stack_of(arguments: argparse.Namespace) -> str | None:
    """Return the stack if a flag names one, or None, which means every stack."""
    return stack_of(arguments) if arguments.stack or arguments.config_file else None


def positive_number(word: str) -> float:
    """Read a finite number above 0. Raises what argparse shows as a usage error."""
    try:
        number = float(word)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{word} is no number above 0")
    return number
