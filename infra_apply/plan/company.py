"""Every stack's fleet as one: the whole company that shares a mesh."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_apply.diagnostics.model import Findings, in_order
from infra_apply.errors import Usage
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.pulumi_project import Project
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import Planned, plan_stack


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


def read(project: Project, *, stack: str | None = None, config_file: Path | None = None) -> Company:
    """Read every stack, or with `stack` those that share its mesh. Raises Usage.

    Without `stack` all stacks must name one mesh file, for a company has one map.
    """
    names = tuple(sorted({*project.stacks(), *((stack,) if stack else ())}))
    if not names:
        raise Usage(
            f"there is no company to read: {project.stacks_folder} has no stack file",
            next_step="write stacks/Pulumi.prod.yaml, or name the project's folder with -C DIR",
        )
    each = {
        name: plan_stack(project, name, config_file=config_file if name == stack else None)
        for name in names
    }
    meshes = {
        name: project.folder / one.settings.mesh_hosts for name, one in each.items() if one.settings
    }
    chosen = _chosen(meshes, stack)
    if chosen is not None:
        each = {name: one for name, one in each.items() if _same(meshes.get(name, chosen), chosen)}
    return _together(project, each, chosen)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _chosen(meshes: Mapping[str, Path], stack: str | None) -> Path | None:
    if stack is not None:
        return meshes.get(stack)
    first = next(iter(meshes.values()), None)
    if first is not None and not all(_same(one, first) for one in meshes.values()):
        shown = "\n".join(f"  {name}: {path}" for name, path in meshes.items())
        raise Usage(
            f"the stacks name different mesh files:\n{shown}", next_step="name one with --stack"
        )
    return first


def _together(project: Project, each: Mapping[str, Planned], mesh_hosts: Path | None) -> Company:
    loaded = [one.loaded for one in each.values() if one.loaded]
    manifests = {one.path: one for part in loaded for one in part.fleet.manifests}
    stacks = {name: one.settings for name, one in each.items() if one.settings}
    fleet = Fleet(
        manifests=tuple(sorted(manifests.values(), key=_by_instance)),
        mesh=next((part.fleet.mesh for part in loaded if part.fleet.mesh), None),
        stacks=tuple(stacks.values()),
        unread=frozenset(name for part in loaded for name in part.fleet.unread),
        mesh_named=mesh_hosts is not None,
    )
    names = sorted({one.fleet for one in stacks.values()})
    return Company(
        name=names[0] if len(names) == 1 else project.name,
        fleet=fleet,
        findings=_findings([one.findings for one in each.values()]),
        plans={name: one.plan for name, one in each.items() if one.plan},
        stacks=stacks,
        mesh_hosts=mesh_hosts,
    )


def _by_instance(one: Manifest) -> tuple[str, str, str]:
    return (*one.instance, one.path)


def _findings(each: Sequence[Findings]) -> Findings:
    diagnostics = in_order(one for found in each for one in found.diagnostics)
    not_checked = sorted({text for found in each for text in found.not_checked})
    return Findings(diagnostics, tuple(not_checked), max(one.manifests for one in each))
