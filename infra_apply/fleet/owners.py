"""Whose a project's manifests, a cluster and a GPU profile are, as the settings' `owners` say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from infra_apply.diagnostics.model import Place
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def folder(manifest: Manifest) -> str:
    """Return the absolute folder a manifest lies in."""
    return manifest.path.rpartition("/")[0]


def is_at_home(fleet: Fleet, manifest: Manifest) -> bool:
    """Say whether a manifest lies where its project's are expected.

    That is the folder which `owners.projects` says; else the one of the project's prod manifest;
    for that one itself, or where there is none, a folder with the project's name.
    """
    here = folder(manifest)
    if manifest.project in fleet.owner_folders:
        return here == fleet.owner_folders[manifest.project]
    prod = fleet.by_instance.get((manifest.project, "prod"))
    if prod is not None and prod is not manifest:
        return here == folder(prod)
    return here.rpartition("/")[2] == manifest.project


def forbidding(
    fleet: Fleet, kind: Literal["clusters", "profiles"], name: str, project: str
) -> Iterator[Place]:
    """Yield where stacks name who may use a cluster or profile, and leave the project out."""
    for stack in fleet.stacks:
        owners: Mapping[str, tuple[str, ...]] = getattr(stack.owners, kind)
        if name in owners and project not in owners[name]:
            yield stack.key("owners", kind, name)
