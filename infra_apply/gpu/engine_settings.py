"""What the engine is given for a pool's stack, so that nothing is written to anybody's file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml


def private_config(stack_file: Path, folder: Path) -> Path:
    """Write what the engine must know of an environment's stack file into a file of its own.

    That is how its secrets are kept, and what else than credentials it says to the provider.
    Retries are left out with them: see `engine_environ`. A file that is broken says nothing.
    """
    try:
        data = yaml.safe_load(stack_file.read_bytes())
    except (OSError, yaml.YAMLError):
        data = None
    document = data if isinstance(data, dict) else {}
    config = document.get("config")
    settings = config.items() if isinstance(config, dict) else ()
    kept: dict[str, Any] = {key: document[key] for key in _HOW_SECRETS_ARE_KEPT if key in document}
    kept["config"] = {
        key: value
        for key, value in settings
        if str(key).startswith("digitalocean:") and key not in _SET_BY_ENVIRON
    }
    file = folder / "Pulumi.pool.yaml"
    file.write_text(yaml.safe_dump(kept), encoding="utf-8")
    return file


def engine_environ(environ: Mapping[str, str], *, endpoint: str, token: str) -> dict[str, str]:
    """Return the variables with which the provider uses this account, and never repeats a POST.

    A repeated POST makes a second droplet, silently; an answer that was lost is looked for
    instead, since every slot has its tag from the first request on.
    """
    return {
        **environ,
        "DIGITALOCEAN_API_URL": endpoint,
        "DIGITALOCEAN_TOKEN": token,
        "DIGITALOCEAN_HTTP_RETRY_MAX": "0",
    }


_HOW_SECRETS_ARE_KEPT: Final = ("encryptionsalt", "secretsprovider", "encryptedkey")
_SET_BY_ENVIRON: Final = frozenset(
    {"digitalocean:token", "digitalocean:apiEndpoint", "digitalocean:httpRetryMax"}
)
