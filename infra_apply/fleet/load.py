"""Folders, mesh file and settings -> a Fleet: all reading of files there is."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.fleet.folders import Root, content, folders, manifest_files
from infra_apply.fleet.model import Fleet
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
UNUSABLE_USER_DATA: Final = Code(
    "IA806",
    "user data that cannot be used",
    "a droplet made without its script would never become what it should be",
    "correct the path; it is relative to Pulumi.yaml",
)
CODES: Final = (NAME_AND_ENVIRONMENT_DISAGREE, UNUSABLE_USER_DATA)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A fleet, what was found while reading it, and how many manifest files there were."""

    fleet: Fleet
    diagnostics: tuple[Diagnostic, ...]
    manifests: int


def load(
    roots: Sequence[Root],
    base: Path,
    mesh_hosts: Path | None,
    *,
    settings: Settings | None = None,
    stacks: tuple[Settings, ...] = (),
) -> Loaded:
    """Read every manifest below the roots and the mesh file.

    The result does not depend on the order of roots, folders, files or keys.
    """
    found: list[Diagnostic] = []
    read: list[Manifest] = []
    unread: set[str] = set()
    files = _files(roots, base, found)
    for path in files:
        one = _manifest(path, found)
        if isinstance(one, Manifest):
            read.append(one)
        else:
            unread |= one
    read.sort(key=lambda one: (*one.instance, one.path))
    fleet = Fleet(
        manifests=tuple(read),
        mesh=_mesh(mesh_hosts, found),
        settings=settings,
        stacks=stacks or ((settings,) if settings else ()),
        unread=frozenset(unread),
        user_data=_user_data(settings, base, found) if settings else {},
        mesh_named=mesh_hosts is not None,
        alone=settings is None and len(roots) == 1 and not roots[0].is_glob,
    )
    return Loaded(fleet, tuple(found), len(files))


def _user_data(settings: Settings, base: Path, found: list[Diagnostic]) -> dict[str, str]:
    """Read the files the settings name for user data, by the name they give."""
    named = {settings.droplet.user_data_file: settings.value("droplet", "userData")}
    for name, host in settings.hosts.items():
        if "userData" in host.own_keys:
            named[host.droplet.user_data_file] = settings.value("hosts", name, "userData")
    for name, profile in settings.gpu_profiles.items():
        named[profile.user_data_file] = settings.value("gpu", "profiles", name, "userData")
    texts = {}
    for file, place in named.items():
        if file is None:
            continue
        try:
            source = files.content(str(base / file), _MAX_USER_DATA)
            texts[file] = source.decode()
        except OSError as error:
            found.append(_unusable(file, place, f"cannot be read: {files.reason(error)}"))
            continue
        except UnicodeDecodeError:
            found.append(_unusable(file, place, "cannot be read: it is not UTF-8 text"))
            continue
        if len(source) > _MAX_USER_DATA:
            found.append(_unusable(file, place, "is larger than DigitalOcean's 64 KiB"))
    return texts


def _unusable(file: str, place: Place, problem: str) -> Diagnostic:
    hint = "let it fetch what it needs" if "larger" in problem else _RELATIVE
    return Diagnostic(UNUSABLE_USER_DATA, place, f"the user data file `{file}` {problem}", hint)


_RELATIVE: Final = "paths are relative to Pulumi.yaml"


def _files(roots: Sequence[Root], base: Path, found: list[Diagnostic]) -> list[str]:
    files: list[str] = []
    read: set[tuple[int, int] | str] = set()
    for root in roots:
        matched, problems = folders(root, base)
        found.extend(problems)
        for folder in matched:
            inside, problems_inside = manifest_files(folder, is_glob=root.is_glob, place=root.place)
            found.extend(problems_inside)
            seen = _identity(folder)  # two roots may lead to one folder
            if seen not in read:
                files.extend(inside)
            read.add(seen)
    return files


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        facts = os.stat(folder)  # noqa: PTH116 - a fifth of what resolving its path takes
    except OSError:  # it vanished meanwhile
        return folder
    return (facts.st_dev, facts.st_ino)


def _manifest(path: str, found: list[Diagnostic]) -> Manifest | set[str]:
    """Return the manifest, or what the project of one that cannot be used may be called."""
    folder_name = path.split("/")[-2]
    source = content(path)
    if isinstance(source, Diagnostic):
        found.append(source)
        return {folder_name}
    one, problems = manifest.parse(path, source)
    found.extend(problems)
    if one is None:
        return {folder_name, *_PROJECT.findall(source.decode("utf-8", "replace"))}
    if one.environment != environment_of(path):
        found.append(_names_disagree(one))
        return {one.project}
    return one


_MAX_USER_DATA: Final = 64 * 1024
_PROJECT: Final = re.compile(r"""^project:\s*["']?([^\s"'#]+)""", re.MULTILINE)


def _names_disagree(one: Manifest) -> Diagnostic:
    by_name = environment_of(one.path)
    message = f"the file's name says {by_name}, and `environment` says {one.environment}"
    if ("environment",) not in one.document.keys:
        message = f"the file's name says {by_name}, and without `environment` it is prod"
    hint = f"write `environment: {by_name}`, or call the file `{name_of(one.environment)}`"
    return Diagnostic(NAME_AND_ENVIRONMENT_DISAGREE, one.value("environment"), message, hint)


def _mesh(path: Path | None, found: list[Diagnostic]) -> Mesh | None:
    if path is None:
        return None
    try:
        source = files.content(str(path), mesh.MAX_BYTES)
    except OSError as error:
        found.append(mesh.unreadable(str(path), files.reason(error)))
        return None
    parsed, problems = mesh.parse(str(path), source)
    found.extend(problems)
    return parsed
