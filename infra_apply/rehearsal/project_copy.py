"""A copy of the Pulumi project with nothing in it that leads to a real account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import yaml

from infra_apply.inputs import files
from infra_apply.inputs.pulumi_project import Project, settings_values
from infra_apply.inputs.yaml_reader import read


def copy_project(project: Project, stack: str, folder: Path, config_file: Path | None) -> Path:
    """Write a Pulumi project to `folder` that runs the real program; its stack files are copies.

    A `config_file` takes the place of the stack's own file. Raises Refusal where a link stands for
    one of its files, Outage if they cannot be written.
    """
    data: dict[str, Any] = yaml.safe_load((project.folder / "Pulumi.yaml").read_bytes())
    runtime = data.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    # The interpreter that runs this has every package the program needs; the project's .venv may
    # not exist.
    data["runtime"] = {"name": language, "options": {"virtualenv": sys.prefix}}
    data["main"] = str(project.folder)
    data["stackConfigDir"] = "stacks"
    for key in ("backend", "plugins"):
        data.pop(key, None)
    data["config"] = _harmless(data.get("config"))
    stacks = folder / "stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    files.write(folder / "Pulumi.yaml", yaml.safe_dump(data, sort_keys=False).encode())
    for name in {*project.stacks(), stack}:
        source = config_file if name == stack and config_file else project.stack_file(name)
        _copy_settings(source, stacks / f"Pulumi.{name}.yaml")
    return folder


def _harmless(config: Any) -> dict[str, Any]:
    """Keep how often the provider asks: that leads nowhere, and decides what a run does."""
    values = config if isinstance(config, dict) else {}
    return {key: values[key] for key in _RETRY_SETTINGS if key in values}


_RETRY_SETTINGS: Final = (
    "digitalocean:httpRetryMax",
    "digitalocean:httpRetryWaitMax",
    "digitalocean:httpRetryWaitMin",
    "digitalocean:requestsPerSecond",
)


def _copy_settings(source: Path, target: Path) -> None:
    """Copy our own settings; leave out salts, encrypted values and every other namespace."""
    document, _ = read(str(source), source.read_bytes())
    values = settings_values(document) if document else {}
    config = {
        f"infra-apply:{name}": value for name, value in values.items() if not _is_encrypted(value)
    }
    salt = {}
    if target.is_file():  # the salt of the throwaway state, without which it cannot be read again
        previous = yaml.safe_load(target.read_bytes()) or {}
        salt = {key: previous[key] for key in ("encryptionsalt",) if key in previous}
    text = yaml.safe_dump({**salt, "config": config}, sort_keys=False, allow_unicode=True)
    files.write(target, text.encode())


def _is_encrypted(value: Any) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(_is_encrypted(inner) for inner in value.values())
    return isinstance(value, list) and any(_is_encrypted(inner) for inner in value)
