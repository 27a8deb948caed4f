"""`infra-apply engine install|which`: the Pulumi engine, found or put into the user's cache."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from infra_apply.engine.install import find
from infra_apply.engine.install.installer import ENGINE_FROM, install
from infra_apply.errors import Failure, Outage
from infra_apply.terminal.layout import StatusLine
from infra_apply.terminal.printing import print_answer, print_remark

if TYPE_CHECKING:
    import argparse

INTERRUPTED = 130


def add_parser(subparsers: Any) -> None:
    """Add `engine` with its two subcommands."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "engine", help="find or install the Pulumi engine"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="install|which")
    install_parser = verbs.add_parser(
        "install",
        help="make sure there is one; prints its path",
        description=(
            f"Uses pulumi >= {find.VERSION} from PATH or the user's cache, else installs it there:"
            " the vendor's release, whose SHA-256 is pinned, else a build from Go modules (about 4"
            f" minutes). {ENGINE_FROM}=registry leaves the vendor's release out."
        ),
    )
    install_parser.add_argument(
        "--force", action="store_true", help="put a new one into the cache, whatever is there"
    )
    install_parser.set_defaults(run=run_install)
    verbs.add_parser("which", help="print the path of the one that is used").set_defaults(
        run=run_which
    )


def run_install(arguments: argparse.Namespace) -> int:
    """Install if needed; the path on stdout, how and why on stderr."""
    try:
        engine = install(os.environ, StatusLine(sys.stderr), force=arguments.force)
    except KeyboardInterrupt:
        print_remark("engine: interrupted; nothing was installed")
        return INTERRUPTED
    except Failure as failure:
        print_remark(str(failure))
        return failure.exit_code
    return _print_path(engine)


def run_which(_arguments: argparse.Namespace) -> int:
    """Look, install nothing."""
    failure: Failure = Outage(
        f"no pulumi >= {find.VERSION} on PATH or in {find.cache_folder()}",
        next_step="infra-apply engine install",
    )
    for candidate in find.search(os.environ):
        if isinstance(candidate, find.Engine):
            return _print_path(candidate)
        if candidate.untrusted:
            failure = candidate.refusal()
        else:
            print_remark(f"engine: skipped: {candidate.why}")
    print_remark(str(failure))
    return failure.exit_code


def _print_path(engine: find.Engine) -> int:
    print_remark(f"engine: {engine.why}")
    print_answer(str(engine.path))
    return 0
