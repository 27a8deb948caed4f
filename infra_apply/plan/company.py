"""Every stack's fleet as one: the whole company that shares a mesh."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_apply.diagnostics.model import Findings
from infra_apply.errors import Usage
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.pulumi_project import Project
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import PlannedStack, StackReader, merged, read_stacks


@dataclass(frozen=True, slots=True)
class Company:
    """All manifests any stack of a mesh names, what was found in them, and the stacks' plans.

    `plans` has no entry for a stack whose fleet has an error. `mesh_hosts` is the mesh's file.
    """

    name: str
    fleet: Fleet
    findings: Findings
    plans: Mapping[str, Plan]
    stacks: Mapping[str, Settings]
    mesh_hosts: Path | None


def read_company(
    pulumi_project: Project, *, stack: str | None = None, config_file: Path | None = None
) -> Company:
    """Read every stack, or with `stack` those that share its mesh. Raises Usage, Unforeseen.

    Without `stack` all stacks must name one mesh file, for a company has one map.
    """
    names = tuple(sorted({*pulumi_project.stacks(), *((stack,) if stack else ())}))
    if not names:
        raise Usage(
            f"there is no company to read: {pulumi_project.stacks_folder} has no stack file",
            next_step="write stacks/Pulumi.prod.yaml, or name the project's folder with -C DIR",
        )
    reader = StackReader(pulumi_project, {stack: config_file} if stack and config_file else {})
    planned = read_stacks(names, reader.plan)
    meshes = {
        name: pulumi_project.folder / stack_plan.settings.mesh_hosts
        for name, stack_plan in planned.items()
        if stack_plan.settings
    }
    mesh = meshes.get(stack) if stack is not None else _only_mesh(meshes)
    if mesh is not None:
        planned = {
            name: stack_plan
            for name, stack_plan in planned.items()
            if _is_same_file(meshes.get(name, mesh), mesh)
        }
    return _joined(pulumi_project, planned, mesh)


def _only_mesh(meshes: Mapping[str, Path]) -> Path | None:
    """Return the mesh file that all stacks name. Raises Usage where they name different ones."""
    first = next(iter(meshes.values()), None)
    if first is not None and not all(_is_same_file(mesh, first) for mesh in meshes.values()):
        listing = "\n".join(f"  {name}: {path}" for name, path in meshes.items())
        raise Usage(
            f"the stacks name different mesh files:\n{listing}", next_step="name one with --stack"
        )
    return first


def _is_same_file(left: Path, right: Path) -> bool:
    return os.path.realpath(left) == os.path.realpath(right)


def _joined(
    pulumi_project: Project, planned: Mapping[str, PlannedStack], mesh_hosts: Path | None
) -> Company:
    fleets = [stack.loaded.fleet for stack in planned.values() if stack.loaded]
    manifests = {manifest.path: manifest for fleet in fleets for manifest in fleet.manifests}
    stacks = {name: stack.settings for name, stack in planned.items() if stack.settings}
    fleet = Fleet(
        manifests=tuple(
            sorted(manifests.values(), key=lambda manifest: (*manifest.instance, manifest.path))
        ),
        mesh=next((fleet.mesh for fleet in fleets if fleet.mesh), None),
        stacks=tuple(stacks.values()),
        unread=frozenset(name for fleet in fleets for name in fleet.unread),
        mesh_named=mesh_hosts is not None,
        quarantined=frozenset(name for fleet in fleets for name in fleet.quarantined),
    )
    names = sorted({settings.fleet for settings in stacks.values()})
    return Company(
        name=names[0] if len(names) == 1 else pulumi_project.name,
        fleet=fleet,
        findings=merged(stack.findings for stack in planned.values()),
        plans={name: stack.plan for name, stack in planned.items() if stack.plan},
        stacks=stacks,
        mesh_hosts=mesh_hosts,
    )
