"""The command line: `infra-apply COMMAND ...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from infra_apply.errors import Failure
from infra_apply.terminal.printing import print_remark

# Only the module of the command that runs is imported: `check` starts in every pre-commit.
COMMANDS: Final = {
    "check": "check manifests, everything at once",
    "init": "make a first manifest",
    "plan": "print what a stack should hold",
    "preview": "what `up` would do, on the real account",
    "up": "make the account what the manifests say",
    "mesh": "regenerate the mesh's services map",
    "map": "draw the fleet, and say what breaks if something goes away",
    "cost": "what the fleet costs a month",
    "env": "print the variables that a project's service needs, secrets among them",
    "db": "change the password of a project's database",
    "adopt": "propose what is there already for a stack to take over",
    "gpu": "scale, show and end the slots of GPU pools",
    "rehearse": "run the real engine against a simulated DigitalOcean",
    "engine": "find or install the Pulumi engine",
    "schema": "print the JSON Schema of a manifest",
    "explain": "explain a diagnostic's code",
}
# Where a command is not the module of its own name.
MODULES: Final = {"gpu": "gpu.command"}
INTERRUPTED: Final = 130
UNFORESEEN: Final = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 findings, 2 usage, 3 outside, 130.

    An exception that nobody foresaw ends with one line that asks for a report, and 3 as well.
    """
    # Looking for plugins of pydantic, of which there are none, costs a fifth of a check's start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = argparse.Namespace()
    try:
        parser_for(words).parse_args(words, arguments)
        return int(arguments.run(arguments))
    except Failure as failure:
        print_remark(f"infra-apply: {failure}")
        return failure.exit_code
    except KeyboardInterrupt:
        print_remark("infra-apply: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader left; there is nobody to tell
        return 0
    except Exception as error:  # noqa: BLE001 - no command ends with a bare traceback
        _ask_for_report(error, words, arguments)
        return UNFORESEEN


class _Parser(argparse.ArgumentParser):
    """The parser of the command line and, because parsers make their own kind, of each command."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Leave, with a message on stderr that may hold any word of the command line."""
        if message:
            print_remark(message, end="")
        sys.exit(status)


def parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of a command line; it knows the flags of the command that is first."""
    parser = _Parser(
        prog="infra-apply",
        description="Renders a company's .infra.yaml manifests on DigitalOcean, and checks them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if list(words[:1]) == [name]:
            import_module(f"infra_apply.cli.{MODULES.get(name, name)}").add_parser(commands)
        else:
            commands.add_parser(name, help=summary, add_help=False)
    return parser


def _ask_for_report(error: Exception, words: Sequence[str], arguments: argparse.Namespace) -> None:
    # Imported here: a command that works has no use for them, and pays for each import.
    from infra_apply.cli.common.findings import print_findings  # noqa: PLC0415
    from infra_apply.diagnostics.report.unforeseen import request  # noqa: PLC0415
    from infra_apply.diagnostics.unforeseen import Unforeseen  # noqa: PLC0415

    cause: BaseException | None = error
    if isinstance(error, Unforeseen):
        print_findings(error.findings)
        cause = error.__cause__
    command = [word for word in words[:1] if word in COMMANDS]
    command += [arguments.verb] if "verb" in arguments else []
    print_remark(request(" ".join(["infra-apply", *command]), cause or error, os.environ))
