"""What a stack file says of the account, so that GPUs are made in the fleet's own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_apply.engine.install.find import Engine
from infra_apply.errors import Outage
from infra_apply.inputs import files
from infra_apply.inputs.document import Document
from infra_apply.inputs.pulumi_project import Project
from infra_apply.inputs.yaml_reader import MAX_BYTES, read


def readable(file: Path) -> Document | None:
    """Read a stack file; None if it cannot be."""
    try:
        return read(str(file), files.content(str(file), MAX_BYTES))[0]
    except OSError:
        return None


def said_of_account(file: Path) -> dict[str, Any]:
    """Find what the stack file says of the account, as the fleet's own runs use it."""
    document = readable(file)
    config = document.data.get("config") if document else None
    said = config if isinstance(config, dict) else {}
    return {key: said.get(f"digitalocean:{key}") for key in ("token", "apiEndpoint")}


def plain(said: Mapping[str, Any]) -> dict[str, str | None] | None:
    """Return it as it is, None where some of it is encrypted."""
    if any(isinstance(value, dict) for value in said.values()):
        return None
    return {key: value if isinstance(value, str) else None for key, value in said.items()}


def decrypted(
    said: Mapping[str, Any], file: Path, engine: Engine, project: Project, stack: str
) -> dict[str, str | None]:
    """Have the engine decrypt what is encrypted; it writes nothing. Raises Outage."""
    found: dict[str, str | None] = {}
    for key, value in said.items():
        if value is None:
            continue
        words = ["config", "get", f"digitalocean:{key}", "--config-file", str(file)]
        done = subprocess.run(  # noqa: S603 - the engine itself
            [str(engine.path), *words, "--stack", stack, "--non-interactive"],
            cwd=project.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Outage(
                f"`digitalocean:{key}` of {file.name} cannot be decrypted: {done.stderr.strip()}",
                state="nothing was changed",
                next_step="set the passphrase of the stack's secrets, PULUMI_CONFIG_PASSPHRASE",
            )
        found[key] = done.stdout.strip()
    return found
