"""What `adopt` asks the engine: what the stack's state has already."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra_apply.adoption.remembered import Remembered, remembered_in
from infra_apply.engine.install.find import Engine
from infra_apply.engine.install.installer import install
from infra_apply.errors import Outage
from infra_apply.inputs.pulumi_project import Project
from infra_apply.rehearsal import session
from infra_apply.terminal import StatusLine


def read_remembered(
    arguments: argparse.Namespace, pulumi_project: Project, stack: str
) -> Remembered:
    """Read the stack's state, or its state in a rehearsal; there need be none. Raises Outage."""
    if arguments.account is None:
        engine = install(os.environ, StatusLine(sys.stderr))
        return _export(engine, pulumi_project.folder, os.environ, stack)
    directory = arguments.account.absolute()
    if not (directory / "engine" / "state").is_dir():
        return Remembered()
    engine = install(os.environ, StatusLine(sys.stderr))
    options = session.Options(engine, directory)
    with session.start_rehearsal(
        pulumi_project, stack, options, plan=None, config_file=arguments.config_file
    ) as rehearsal:
        return _export(engine, rehearsal.folder, rehearsal.env, stack)


def _export(engine: Engine, folder: Path, environ: Mapping[str, str], stack: str) -> Remembered:
    try:
        process = subprocess.run(  # noqa: S603 - the engine itself
            [str(engine.path), "stack", "export", "--stack", stack, "--non-interactive"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise _unreadable(stack, str(error)) from None
    if process.returncode == _NO_SUCH_STACK:
        return Remembered()
    if process.returncode:
        raise _unreadable(stack, process.stderr.strip().removeprefix("error: "))
    return remembered_in(json.loads(process.stdout))


def _unreadable(stack: str, reason: str) -> Outage:
    return Outage(
        f"the state of stack {stack} cannot be read: {reason}",
        state="nothing was changed; without it, what the stack made itself would be proposed too",
        next_step="see to it that `pulumi stack export` works (pulumi login), then run the same",
    )


_NO_SUCH_STACK: Final = 6  # pulumi's exit code for it, v3.259
