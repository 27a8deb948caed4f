"""The credentials in a stack file, so that GPUs are made in the fleet's own account."""

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


def configured_credentials(file: Path, pulumi_project: Project) -> dict[str, Any]:
    """Return `token` and `apiEndpoint` as a stack file has them: a mapping is an encrypted one.

    What it does not set is None, as is everything of a file that cannot be read. A stack file of
    the project itself is read through no link that leads out of the project.
    """
    document = _read_document(file, pulumi_project)
    config = document.data.get("config") if document else None
    values = config if isinstance(config, dict) else {}
    return {key: values.get(f"digitalocean:{key}") for key in ("token", "apiEndpoint")}


def _read_document(file: Path, pulumi_project: Project) -> Document | None:
    is_own = file.parent == pulumi_project.stacks_folder.absolute()
    within = str(pulumi_project.folder) if is_own else None
    try:
        return read(str(file), files.content(str(file), MAX_BYTES, within=within))[0]
    except OSError:
        return None


def are_encrypted(credentials: Mapping[str, Any]) -> bool:
    """Say whether the engine is needed to read some of them."""
    return any(isinstance(value, dict) for value in credentials.values())


def plain(credentials: Mapping[str, Any]) -> dict[str, str | None]:
    """Return credentials of which none is encrypted; what is no text counts as not set."""
    return {key: value if isinstance(value, str) else None for key, value in credentials.items()}


def decrypted(
    credentials: Mapping[str, Any], file: Path, engine: Engine, project: Project, stack: str
) -> dict[str, str | None]:
    """Have the engine decrypt what is encrypted; it writes nothing. Raises Outage."""
    values: dict[str, str | None] = {}
    for key, value in credentials.items():
        if value is None:
            continue
        words = ["config", "get", f"digitalocean:{key}", "--config-file", str(file)]
        process = subprocess.run(  # noqa: S603 - the engine itself
            [str(engine.path), *words, "--stack", stack, "--non-interactive"],
            cwd=project.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            error = process.stderr.strip()
            raise Outage(
                f"`digitalocean:{key}` of {file.name} cannot be decrypted: {error}",
                state="nothing was changed",
                next_step="set the passphrase of the stack's secrets, PULUMI_CONFIG_PASSPHRASE",
            )
        values[key] = process.stdout.strip()
    return values
