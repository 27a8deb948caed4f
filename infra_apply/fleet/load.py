"""Folders, mesh file and settings -> a Fleet: all reading of files there is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, encodable
from infra_apply.fleet import user_data
from infra_apply.fleet.folders import Root, content, folders, manifest_files
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.quarantine import project_of_folder, quarantined_projects
from infra_apply.inputs import files, manifest, mesh
from infra_apply.inputs.manifest import Manifest, environment_of, name_of
from infra_apply.inputs.mesh import Mesh
from infra_apply.inputs.settings import Settings

NAME_AND_ENVIRONMENT_DISAGREE: Final = Code(
    "IA601",
    "name and environment disagree",
    "prod could be changed by what looks like a dev manifest, and the other way round",
    "make the file's name and `environment` say the same",
)
CODES: Final = (NAME_AND_ENVIRONMENT_DISAGREE,)

Parse = Callable[[str, bytes], tuple[Manifest | None, tuple[Diagnostic, ...]]]
"""A file's path and its bytes -> its manifest, if it can be used, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A fleet, what was found while reading it, and how many manifest files there were.

    `failures` has what reading a file raised that nobody foresaw, by the file's path.
    """

    fleet: Fleet
    diagnostics: tuple[Diagnostic, ...]
    manifests: int
    failures: Mapping[str, Exception] = field(default_factory=dict)


def load(  # noqa: PLR0913 - what a fleet is read from, each by its name
    roots: Sequence[Root],
    base: Path,
    mesh_hosts: Path | None,
    *,
    settings: Settings | None = None,
    stacks: tuple[Settings, ...] = (),
    parse: Parse | None = None,
) -> Loaded:
    """Read every manifest below the roots and the mesh file; `parse` may remember manifests.

    What is a quarantined project's is left out: its folder is not opened, and a manifest in another
    folder that names it is dropped, with all that is wrong with it. Where a root is literal nothing
    is: whoever names a folder wants it read.
    The result does not depend on the order of roots, folders, files or keys.
    """
    stacks = stacks or ((settings,) if settings else ())
    literal = any(root.literal for root in roots)
    quarantined = frozenset[str]() if literal else quarantined_projects(stacks)
    quarantine = _Quarantine(quarantined, _owner_folders(stacks, base))
    diagnostics: list[Diagnostic] = []
    manifests: list[Manifest] = []
    unread: set[str] = set()
    failures: dict[str, Exception] = {}
    paths = _paths(roots, base, diagnostics, quarantine)
    for path in paths:
        try:
            declared = _manifest(path, parse or manifest.parse, diagnostics, quarantine)
        except Exception as error:  # noqa: BLE001 - the other files' findings are worth having
            failures[path] = error
            declared = {path.split("/")[-2]}
        if isinstance(declared, Manifest):
            manifests.append(declared)
        else:
            unread |= declared
    manifests.sort(key=lambda manifest: (*manifest.instance, manifest.path))
    mesh_read = None
    try:
        mesh_read = _mesh(mesh_hosts, diagnostics)
    except Exception as error:  # noqa: BLE001 - the manifests' findings are worth having
        failures[str(mesh_hosts)] = error
    fleet = Fleet(
        manifests=tuple(manifests),
        mesh=mesh_read,
        settings=settings,
        stacks=stacks,
        unread=quarantine.projects | unread,
        user_data=user_data.read(settings, base, diagnostics) if settings else {},
        mesh_named=mesh_hosts is not None,
        owner_folders=quarantine.owner_folders,
        quarantined=quarantine.projects,
        quarantined_folders=frozenset(quarantine.met),
        alone=settings is None and len(roots) == 1 and not roots[0].is_glob,
    )
    return Loaded(fleet, tuple(diagnostics), len(paths), failures)


@dataclass(frozen=True, slots=True)
class _Quarantine:
    """The projects that are not read; `met` gathers those of which something was there."""

    projects: frozenset[str]
    owner_folders: Mapping[str, str]
    met: set[str] = field(default_factory=set)

    def holds(self, folder: str) -> bool:
        """Say whether an absolute folder is one of theirs."""
        project = project_of_folder(folder, self.projects, self.owner_folders)
        if project is not None:
            self.met.add(project)
        return project is not None


def _owner_folders(stacks: Sequence[Settings], base: Path) -> dict[str, str]:
    return {
        project: os.path.normpath(os.path.join(base, owner_folder))  # noqa: PTH118
        for stack in stacks
        for project, owner_folder in stack.owners.projects.items()
    }


def _paths(
    roots: Sequence[Root], base: Path, diagnostics: list[Diagnostic], quarantine: _Quarantine
) -> list[str]:
    """Return the path of every manifest file below the roots, each folder's once."""
    paths: list[str] = []
    matched = [
        (root, folder) for root in roots for folder in _folders(root, base, diagnostics, quarantine)
    ]
    # Another way to the same folder (a link) does not lead round the quarantine.
    left_out = {_identity(folder) for _, folder in matched if quarantine.holds(folder)}
    read: set[tuple[int, int] | str] = set()
    for root, folder in matched:
        identity = _identity(folder)  # two roots may lead to one folder
        if identity in left_out:
            continue
        inside, near_misses = manifest_files(folder, is_glob=root.is_glob, place=root.place)
        diagnostics.extend(near_misses)
        if identity not in read:
            paths.extend(inside)
        read.add(identity)
    return paths


def _folders(
    root: Root, base: Path, diagnostics: list[Diagnostic], quarantine: _Quarantine
) -> list[str]:
    """Return the folders a root stands for; that a quarantined project's is missing is no news."""
    matched, problems = folders(root, base)
    named = os.path.normpath(os.path.join(base, root.pattern))  # noqa: PTH118
    if root.is_glob or not quarantine.holds(named):
        diagnostics.extend(problems)
    return matched


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        facts = os.stat(folder)  # noqa: PTH116 - a fifth of what resolving its path takes
    except OSError:  # it vanished meanwhile
        return folder
    return (facts.st_dev, facts.st_ino)


def _manifest(
    path: str, parse: Parse, diagnostics: list[Diagnostic], quarantine: _Quarantine
) -> Manifest | set[str]:
    """Return the manifest, or what the project of one that cannot be used may be called."""
    folder_name = encodable(path.split("/")[-2])
    source = content(path)
    if isinstance(source, Diagnostic):
        diagnostics.append(source)
        return {folder_name}
    parsed, problems = parse(path, source)
    if parsed is not None and parsed.project in quarantine.projects:
        quarantine.met.add(parsed.project)
        return {parsed.project}
    diagnostics.extend(problems)
    if parsed is None:
        return {folder_name, *_PROJECT.findall(source.decode("utf-8", "replace"))}
    if parsed.environment != environment_of(path):
        diagnostics.append(_names_disagree(parsed))
        return {parsed.project}
    return parsed


_PROJECT: Final = re.compile(r"""^project:\s*["']?([^\s"'#]+)""", re.MULTILINE)


def _names_disagree(parsed: Manifest) -> Diagnostic:
    by_name = environment_of(parsed.path)
    message = f"the file's name says {by_name}, and `environment` says {parsed.environment}"
    if ("environment",) not in parsed.document.keys:
        message = f"the file's name says {by_name}, and without `environment` it is prod"
    hint = f"write `environment: {by_name}`, or call the file `{name_of(parsed.environment)}`"
    return Diagnostic(NAME_AND_ENVIRONMENT_DISAGREE, parsed.value("environment"), message, hint)


def _mesh(path: Path | None, diagnostics: list[Diagnostic]) -> Mesh | None:
    if path is None:
        return None
    try:
        source = files.content(str(path), mesh.MAX_BYTES)
    except OSError as error:
        diagnostics.append(mesh.unreadable(str(path), files.reason(error)))
        return None
    parsed, problems = mesh.parse(str(path), source)
    diagnostics.extend(problems)
    return parsed
