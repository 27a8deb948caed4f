"""A Pulumi project and the name of a stack -> its checked fleet and its plan."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from infra_apply.diagnostics.model import Diagnostic, Findings, in_order
from infra_apply.errors import Usage
from infra_apply.fleet.check import check
from infra_apply.fleet.folders import Root
from infra_apply.fleet.load import Loaded, load
from infra_apply.inputs import files
from infra_apply.inputs import settings as settings_door
from infra_apply.inputs.document import Document
from infra_apply.inputs.pulumi_project import Project, settings_values
from infra_apply.inputs.settings import Settings
from infra_apply.inputs.yaml_reader import MAX_BYTES, read
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """What was found, and the plan if nothing found is an error."""

    findings: Findings
    settings: Settings | None = None
    loaded: Loaded | None = None
    plan: Plan | None = None


def plan_stack(
    project: Project,
    stack: str,
    *,
    config_file: Path | None = None,
    values: Mapping[str, Any] | None = None,
) -> Planned:
    """Read, check and plan one stack.

    The settings are the stack file's (or `config_file`'s), or `values`, as Pulumi hands them to
    its program; the file then only lends the lines. Raises Usage if there is no such stack.
    """
    checked = check_stack(project, stack, config_file=config_file, values=values)
    if checked.loaded is None or checked.settings is None or checked.findings.errors:
        return checked
    return replace(checked, plan=build(checked.loaded.fleet, checked.settings))


def check_stack(
    project: Project,
    stack: str,
    *,
    config_file: Path | None = None,
    values: Mapping[str, Any] | None = None,
) -> Planned:
    """Read and check one stack, as `plan_stack` does, and plan nothing. Raises Usage."""
    settings, found = stack_settings(project, stack, config_file=config_file, values=values)
    others = []
    for name in project.stacks():
        if name != stack:
            other, problems = stack_settings(project, name)
            found += problems
            others += [other] if other else []
    if settings is None:
        return Planned(Findings(in_order(found)))
    loaded = load_stack(project, settings, (settings, *others))
    findings = check(replace(loaded, diagnostics=loaded.diagnostics + found))
    return Planned(findings, settings, loaded)


def load_stack(project: Project, settings: Settings, stacks: tuple[Settings, ...]) -> Loaded:
    """Read the manifests and the mesh a stack's settings name."""
    roots = [
        Root(pattern, settings.value("projects", index))
        for index, pattern in enumerate(settings.projects)
    ]
    mesh_hosts = project.folder / settings.mesh_hosts
    return load(roots, project.folder, mesh_hosts, settings=settings, stacks=stacks)


def stack_settings(
    project: Project,
    stack: str,
    *,
    config_file: Path | None = None,
    values: Mapping[str, Any] | None = None,
) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """Read and check one stack's settings. Raises Usage if nothing says what they are."""
    file = (config_file or project.stack_file(stack)).absolute()
    try:
        document, found = read(str(file), files.content(str(file), MAX_BYTES))
    except OSError as error:
        if values is None:
            raise _no_stack(project, stack, file, error) from None
        document, found = Document(str(file), b""), ()
    if document is None:
        return None, found
    if values is None:
        values = settings_values(document)
    settings, problems = settings_door.parse(stack, values, document)
    return settings, (*found, *problems)


def _no_stack(project: Project, stack: str, file: Path, error: OSError) -> Usage:
    if os.path.lexists(file):
        return Usage(f"{file} cannot be read: {files.reason(error)}")
    stacks = ", ".join(project.stacks()) or f"none yet in {project.stacks_folder}"
    return Usage(
        f"there is no stack `{stack}`: {file} does not exist",
        state=f"stacks with a file: {stacks}",
        next_step=f"name one with --stack, or write {file.name}",
    )
