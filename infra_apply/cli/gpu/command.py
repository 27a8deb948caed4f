"""`infra-apply gpu scale|status|reap|simulate`: the slots of on-demand GPU pools."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from infra_apply.cli.common.lock_flags import add_lock_flags
from infra_apply.cli.common.options import add_project_flags, positive_number
from infra_apply.cli.gpu import reap, scale, simulate, status

SUMMARIES: Final = {
    "scale": "make a pool's slots as many as you want",
    "status": "what is there, what it costs, and when it ends",
    "reap": "end a fleet's slots past their deadline or without a live lease; needs a token alone",
    "simulate": "what a pool's scaling would have cost on a trace of jobs; nothing is asked",
}


def add_parser(subparsers: Any) -> None:
    """Add `gpu` with its verbs."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "gpu",
        help="scale, show and end the slots of GPU pools",
        description="A pool is empty until work waits; a slot bills from its first second to its "
        "destruction, also when it is switched off.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_scale_flags(_add_verb(verbs, "scale", scale.run))
    _add_status_flags(_add_verb(verbs, "status", status.run))
    _add_reap_flags(_add_verb(verbs, "reap", reap.run))
    simulating = verbs.add_parser("simulate", help=SUMMARIES["simulate"])
    simulate.add_flags(simulating)
    simulating.set_defaults(run=simulate.run)


def _add_verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], int]) -> Any:
    parser = verbs.add_parser(name, help=SUMMARIES[name])
    parser.add_argument(
        "--account", metavar="DIR", type=Path, help="rehearse with the simulated account kept here"
    )
    parser.add_argument(
        "--clock",
        metavar="N",
        type=positive_number,
        help="divide a rehearsal's waits by N (default: 20)",
    )
    parser.set_defaults(run=run)
    return parser


def _add_scale_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("count", metavar="N", type=_count, help="how many slots there should be")
    add_project_flags(parser, named=True)
    add_lock_flags(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="end slots that are at work, too")
    parser.add_argument(
        "--slot",
        metavar="ID",
        action="append",
        default=[],
        help="a slot that goes, when there are fewer; may be given again",
    )
    parser.add_argument("--faults", metavar="FILE", type=Path, help="API faults to play (YAML)")


def _add_status_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT", nargs="?")
    add_project_flags(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _add_reap_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would end, and end nothing"
    )
    parser.add_argument(
        "--fleet",
        metavar="NAME",
        type=_name,
        help="whose slots (default: the fleet that the settings name)",
    )
    parser.add_argument(
        "--max-hours",
        metavar="N",
        type=positive_number,
        help="the most a slot lives where no settings say its pool's (default: 168)",
    )
    parser.add_argument(
        "-C",
        dest="directory",
        metavar="DIR",
        type=Path,
        help="the folder with Pulumi.yaml (default: here); none is needed with --fleet",
    )


def _name(word: str) -> str:
    if not word.strip():  # as an unset variable of a shell leaves it
        raise argparse.ArgumentTypeError("it is empty")
    return word


def _count(word: str) -> int:
    count = int(word)
    if count < 0:
        raise ValueError(word)
    return count
