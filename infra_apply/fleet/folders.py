"""Which manifest files a folder holds. A folder is listed, never walked."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, Place, encodable
from infra_apply.inputs import files
from infra_apply.inputs.manifest import environment_of
from infra_apply.inputs.yaml_reader import MAX_BYTES

_SILENT: Final = "a manifest nobody reads is infrastructure that silently is not there"
UNREADABLE_MANIFEST: Final = Code(
    "IA011", "manifest cannot be read", _SILENT, "make it a readable, regular file"
)
NO_ENVIRONMENT: Final = Code(
    "IA602",
    "manifest of no environment",
    _SILENT,
    "call it `.infra.yaml` (prod) or `.infra.dev.yaml` (dev)",
)
NOT_READ: Final = Code(
    "IA603", "file that is not read", _SILENT, "rename the file", Severity.WARNING
)
NO_FOLDER: Final = Code(
    "IA707",
    "folder that is not there",
    "a missing checkout must never look like a deleted project",
    "check the project out, or remove it from the list",
)
NO_MATCH: Final = Code(
    "IA708",
    "pattern that matches nothing",
    "an empty match must never look like a company without projects",
    "correct the pattern",
)
NO_MANIFEST: Final = Code(
    "IA709",
    "folder without a manifest",
    "it was named, so something was expected there",
    "add a manifest, or remove the folder from the list",
    Severity.WARNING,
)
CODES: Final = (UNREADABLE_MANIFEST, NO_ENVIRONMENT, NOT_READ, NO_FOLDER, NO_MATCH, NO_MANIFEST)


@dataclass(frozen=True, slots=True)
class Root:
    """A project folder as someone named it, or a glob of such folders; `place` is where.

    A `literal` one is a folder whatever characters its name has.
    """

    pattern: str
    place: Place
    literal: bool = False

    @property
    def is_glob(self) -> bool:
        """Whether it stands for the folders it matches."""
        return not self.literal and glob.has_magic(self.pattern)


def folders(root: Root, base: Path) -> tuple[list[str], tuple[Diagnostic, ...]]:
    """Return the absolute folders a root stands for, relative to `base`, sorted."""
    if not root.is_glob:
        folder = os.path.normpath(os.path.join(base, root.pattern))  # noqa: PTH118
        if os.path.isdir(folder):  # noqa: PTH112 - ten thousand folders pay for a Path each
            return [folder], ()
        name = os.path.basename(folder) if root.literal else root.pattern  # noqa: PTH119
        message = f"there is no folder `{name}`"
        hint = "remove it from the list, or check the project out"
        return [], (Diagnostic(NO_FOLDER, root.place, message, hint),)
    matches = sorted(os.path.normpath(match) for match in _matches(str(base / root.pattern)))
    if matches:
        return matches, ()
    message = f"`{root.pattern}` matches no folder"
    return [], (Diagnostic(NO_MATCH, root.place, message, "check the path; nothing was read"),)


def _matches(pattern: str) -> list[str]:
    try:
        matches = glob.glob(pattern)  # noqa: PTH207 - keeps `..`, and is faster
    except ValueError:  # a NUL, which no path has
        return []
    return [match for match in matches if os.path.isdir(match)]  # noqa: PTH112


def manifest_files(
    folder: str, *, is_glob: bool, place: Place
) -> tuple[list[str], list[Diagnostic]]:
    """Return the folder's manifest files, sorted, and what is said about other near-manifests."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError as error:
        message = f"the folder cannot be listed: {files.reason(error)}"
        return [], [Diagnostic(UNREADABLE_MANIFEST, Place(folder), message, "make it readable")]
    named = [name for name in names if name.startswith(".infra") and name.endswith(".yaml")]
    diagnostics = [_not_read(folder, name) for name in names if _is_near_miss(name)]
    diagnostics.extend(_other_name(folder, name) for name in named if environment_of(name) is None)
    if not named and not is_glob:
        message = "the folder has no manifest"
        hint = "`infra-apply init` makes one; or remove the folder from the list"
        diagnostics.append(Diagnostic(NO_MANIFEST, place, message, hint))
    known = [name for name in named if environment_of(name) is not None]
    return [f"{folder}/{name}" for name in known], diagnostics


def content(path: str) -> bytes | Diagnostic:
    """Read a manifest's bytes, or say why not."""
    if not path.isascii() and encodable(path) != path:
        message = "the manifest is not read: its path is not UTF-8 text"
        hint = "rename the folder: no report, map or state could hold its name"
        return Diagnostic(UNREADABLE_MANIFEST, Place(path), message, hint)
    try:
        return files.content(path, MAX_BYTES, within=path.rpartition("/")[0])
    except OSError as error:
        hint = "a manifest that cannot be read would silently not be rendered"
        message = f"the manifest cannot be read: {files.reason(error)}"
        return Diagnostic(UNREADABLE_MANIFEST, Place(path), message, hint)


def _is_near_miss(name: str) -> bool:
    """`.infra.yml`, `infra.yaml`, and what differs from a manifest's name only in case."""
    if name == "infra.yaml" or (name.startswith(".infra") and name.endswith(".yml")):
        return True
    folded = name.lower()
    return folded != name and folded.startswith(".infra") and folded.endswith((".yaml", ".yml"))


def _not_read(folder: str, name: str) -> Diagnostic:
    right = "." + name.lower().removeprefix(".").rpartition(".")[0] + ".yaml"
    message = f"`{name}` is not read: a manifest is called `.infra.yaml` or `.infra.dev.yaml`"
    hint = f"git mv {name} {right}"
    return Diagnostic(NOT_READ, Place(f"{folder}/{name}"), message, hint)


def _other_name(folder: str, name: str) -> Diagnostic:
    message = f"`{name}` stands for no environment, and would silently not be rendered"
    hint = "call it `.infra.yaml` (prod) or `.infra.dev.yaml` (dev)"
    return Diagnostic(NO_ENVIRONMENT, Place(f"{folder}/{name}"), message, hint)
