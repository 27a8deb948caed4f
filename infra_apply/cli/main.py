"""The command line: `infra-apply COMMAND ...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from infra_apply.errors import Failure

# Only the module of the command that runs is imported: `check` starts in every pre-commit.
COMMANDS: Final = {
    "check": "check manifests, everything at once",
    "init": "make a first manifest",
    "plan": "print what a stack should hold",
    "mesh": "regenerate the mesh's services map",
    "map": "draw the fleet, and say what breaks if something goes away",
    "cost": "what the fleet costs a month",
    "gpu": "scale, show and end the slots of GPU pools",
    "rehearse": "run the real engine against a simulated DigitalOcean",
    "engine": "find or install the Pulumi engine",
    "schema": "print the JSON Schema of a manifest",
    "explain": "explain a diagnostic's code",
}
# Where a command is not the module of its own name.
MODULES: Final = {"gpu": "gpu.command"}
INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 fine, 1 findings, 2 usage, 3 outside, 130."""
    # Looking for plugins of pydantic, of which there are none, costs a fifth of a check's start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="infra-apply",
        description="Renders a company's .infra.yaml manifests on DigitalOcean, and checks them.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if words[:1] == [name]:
            import_module(f"infra_apply.cli.{MODULES.get(name, name)}").add_parser(commands)
        else:
            commands.add_parser(name, help=summary, add_help=False)
    arguments = parser.parse_args(words)
    try:
        return int(arguments.run(arguments))
    except Failure as failure:
        print(f"infra-apply: {failure}", file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        print("infra-apply: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader left; there is nobody to tell
        return 0
