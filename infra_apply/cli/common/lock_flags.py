"""`--wait` and `--lift-lock`: what a command does while another run holds its stack's lock."""

from __future__ import annotations

import argparse
import re
from typing import Final

from infra_apply.engine.lock.waiting import TEN_MINUTES, Patience


def add_lock_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--wait` and `--lift-lock`."""
    parser.add_argument(
        "--wait",
        metavar="TIME",
        type=seconds_of,
        default=TEN_MINUTES,
        help="how long to wait for another run on the stack: 90s, 10m, 1h (default: 10m)",
    )
    parser.add_argument(
        "--lift-lock",
        action="store_true",
        help="lift the stack's locks first; only when the runs that hold them are gone for certain",
    )


def patience_of(arguments: argparse.Namespace) -> Patience:
    """Return how long the flags say to wait."""
    return Patience(arguments.wait)


def seconds_of(word: str) -> float:
    """Read `90s`, `10m` or `1h` as seconds. Raises what argparse shows as a usage error."""
    match = _TIME.fullmatch(word)
    if not match:
        raise argparse.ArgumentTypeError(f"{word}: write a number and s, m or h, such as 10m")
    return float(match[1]) * _SECONDS[match[2]]


_TIME: Final = re.compile(r"([0-9]{1,6})([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
