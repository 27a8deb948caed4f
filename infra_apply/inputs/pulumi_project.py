"""The Pulumi project on disk: its Pulumi.yaml and its stack files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra_apply.errors import Usage
from infra_apply.inputs import files
from infra_apply.inputs.document import Document
from infra_apply.inputs.yaml_reader import MAX_BYTES, read

NAMESPACE: Final = "infra-apply"
"""The namespace of our settings in a stack file."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a Pulumi.yaml: its name, and where the stack files are."""

    folder: Path
    name: str
    stacks_folder: Path

    def stack_file(self, stack: str) -> Path:
        """Return the path of a stack's file, which need not exist."""
        return self.stacks_folder / f"Pulumi.{stack}.yaml"

    def stacks(self) -> tuple[str, ...]:
        """Name the environments' stacks that have a file, sorted. A GPU pool's stack has none."""
        names = (
            match[1]
            for file in self.stacks_folder.glob("Pulumi.*.yaml")
            if (match := _STACK_FILE.fullmatch(file.name))
        )
        return tuple(sorted(name for name in names if ".gpu." not in name))


def find(folder: Path) -> Project:
    """Read the Pulumi.yaml of a folder. Raises Usage when there is none to be read."""
    file = folder.resolve() / "Pulumi.yaml"
    try:
        data = _mapping(file)
    except OSError as error:
        tried = f"{file} cannot be read: {files.reason(error)}"
        raise Usage(tried, next_step="name the Pulumi project's folder with -C DIR") from None
    stacks = file.parent / str(data.get("stackConfigDir") or ".")
    return Project(file.parent, str(data.get("name")), stacks)


def stack_of_file(config_file: Path) -> str | None:
    """Return the stack a config file is named after: `Pulumi.prod.yaml` -> `prod`."""
    match = _STACK_FILE.fullmatch(config_file.name)
    return match[1] if match else None


def _mapping(file: Path) -> dict[str, Any]:
    document, diagnostics = read(str(file), files.content(str(file), MAX_BYTES))
    if document is None:
        problem = diagnostics[0]
        raise Usage(f"{file}:{problem.place.line}: {problem.message}", next_step="mend Pulumi.yaml")
    return document.data


def settings_values(document: Document) -> dict[str, Any]:
    """Pick our settings out of a stack file, as Pulumi would hand them to a program.

    Other namespaces and Pulumi's own keys are left alone. A top-level number, boolean or date is
    the text as written, because that is what Pulumi's configuration makes of it.
    """
    config = document.data.get("config")
    if not isinstance(config, dict):
        return {}
    values = {}
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name:
            text = document.written("config", key)
            values[name] = value if text is None or value is None else text
    return values


_STACK_FILE: Final = re.compile(r"Pulumi\.(.+)\.yaml")
