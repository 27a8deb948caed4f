"""What the engine is given for a pool's stack, so that nothing is written to anybody's file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from infra_apply.inputs import files
from infra_apply.inputs.yaml_reader import MAX_BYTES, read


def private_config(stack_file: Path, folder: Path) -> Path:
    """Write what the engine must know of an environment's stack file into a file of its own.

    That is how its secrets are kept, and what else than credentials it says to the provider; but
    no request is ever sent again. A repeated POST makes a second droplet, silently; an answer that
    was lost is looked for instead, since every slot has its tag from the first request on.
    A file that is broken says nothing.
    """
    try:
        document = read(str(stack_file), files.content(str(stack_file), MAX_BYTES))[0]
    except OSError:
        document = None
    data = document.data if document else {}
    config = data.get("config")
    settings = config.items() if isinstance(config, dict) else ()
    kept: dict[str, Any] = {key: data[key] for key in _HOW_SECRETS_ARE_KEPT if key in data}
    said = {
        key: value
        for key, value in settings
        if str(key).startswith("digitalocean:") and key not in _SET_BY_ENVIRON
    }
    kept["config"] = {**said, "digitalocean:httpRetryMax": "0"}
    file = folder / "Pulumi.pool.yaml"
    file.write_text(yaml.safe_dump(kept), encoding="utf-8")
    return file


def engine_environ(environ: Mapping[str, str], *, endpoint: str, token: str) -> dict[str, str]:
    """Return the variables with which the provider uses this account."""
    return {**environ, "DIGITALOCEAN_API_URL": endpoint, "DIGITALOCEAN_TOKEN": token}


_HOW_SECRETS_ARE_KEPT: Final = ("encryptionsalt", "secretsprovider", "encryptedkey")
_SET_BY_ENVIRON: Final = frozenset({"digitalocean:token", "digitalocean:apiEndpoint"})
