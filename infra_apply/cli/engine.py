"""`infra-apply engine install|which`: the Pulumi engine, found or put into the user's cache."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from infra_apply.engine.install import find
from infra_apply.engine.install.installer import FROM, install
from infra_apply.errors import Failure, Outage
from infra_apply.terminal import StatusLine

if TYPE_CHECKING:
    import argparse

INTERRUPTED = 130


def add_parser(subparsers: Any) -> None:
    """Add `engine` with its two subcommands."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "engine", help="find or install the Pulumi engine"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="install|which")
    verbs.add_parser(
        "install",
        help="make sure there is one; prints its path",
        description=(
            f"Uses pulumi >= {find.VERSION} from PATH or the user's cache, else installs it there:"
            " by the vendor's installer, else by a build from Go modules (about 4 minutes)."
            f" {FROM}=registry leaves the vendor's installer out."
        ),
    ).set_defaults(run=run_install)
    verbs.add_parser("which", help="print the path of the one that is used").set_defaults(
        run=run_which
    )


def run_install(_arguments: argparse.Namespace) -> int:
    """Install if needed; the path on stdout, how and why on stderr."""
    try:
        engine = install(os.environ, StatusLine(sys.stderr))
    except KeyboardInterrupt:
        print("engine: interrupted; nothing was installed", file=sys.stderr)
        return INTERRUPTED
    except Failure as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    return _answer(engine)


def run_which(_arguments: argparse.Namespace) -> int:
    """Look, install nothing."""
    found = find.look(os.environ)
    for each in found:
        if isinstance(each, find.Engine):
            return _answer(each)
        print(f"engine: skipped: {each.why}", file=sys.stderr)
    failure = Outage(
        f"no pulumi >= {find.VERSION} on PATH or in {find.cache_folder()}",
        next_step="infra-apply engine install",
    )
    print(failure, file=sys.stderr)
    return failure.exit_code


def _answer(engine: find.Engine) -> int:
    print(f"engine: {engine.why}", file=sys.stderr)
    print(engine.path)
    return 0
