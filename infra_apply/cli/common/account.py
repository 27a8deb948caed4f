"""The account a command looks at: DigitalOcean's, or a rehearsal's with `--account DIR`."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra_apply.digitalocean.client import Client, Credentials, find_credentials
from infra_apply.errors import Usage
from infra_apply.inputs import files
from infra_apply.rehearsal.simulator.api import new_token
from infra_apply.rehearsal.simulator.server import serve


def add_account_flag(parser: argparse.ArgumentParser) -> None:
    """Add `--account`."""
    parser.add_argument(
        "--account",
        metavar="DIR",
        type=Path,
        help="look at a rehearsal's account instead of the real one",
    )


@contextmanager
def client_of(
    arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ
) -> Iterator[Client | None]:
    """Give a client of the account, or None where no token is set. Raises Usage, Outage.

    A rehearsal's account is served on this machine while the block runs.
    """
    if arguments.account is None:
        try:
            credentials = find_credentials(environ, {})
        except Usage:
            yield None
            return
        yield Client(credentials)
        return
    with serve(existing_account(arguments.account), {}, token=new_token()) as server:
        yield Client(Credentials(server.url, server.token))


def existing_account(directory: Path) -> Path:
    """Return the absolute path of a rehearsal's kept account. Raises Usage if there is none."""
    if not _is_account(directory / "account.json"):
        raise Usage(
            f"{directory.absolute()} holds no rehearsal's account (account.json)",
            next_step=f"make one: infra-apply rehearse preview --account {directory}",
        )
    return directory.absolute()


def _is_account(file: Path) -> bool:
    try:
        content = json.loads(files.content(str(file), _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "droplets" in content


_MOST_BYTES: Final = 256 * 1024 * 1024
