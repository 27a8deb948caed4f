"""A Pulumi project and the name of a stack -> its checked fleet and its plan."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from infra_apply.diagnostics.model import Diagnostic, Findings, in_order
from infra_apply.diagnostics.unforeseen import Unforeseen, raise_if_any
from infra_apply.errors import Failure, Usage
from infra_apply.fleet.check import check, unread
from infra_apply.fleet.folders import Root
from infra_apply.fleet.load import Loaded, load
from infra_apply.inputs import files, manifest
from infra_apply.inputs import settings as settings_door
from infra_apply.inputs.document import Document
from infra_apply.inputs.pulumi_project import Project, settings_values
from infra_apply.inputs.settings import Settings
from infra_apply.inputs.yaml_reader import MAX_BYTES, read
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """What was found about a stack, and its plan if nothing found is an error.

    `settings` and `loaded` are None where the stack's settings could not be used.
    """

    findings: Findings
    settings: Settings | None = None
    loaded: Loaded | None = None
    plan: Plan | None = None


def plan_stack(
    pulumi_project: Project,
    stack: str,
    *,
    config_file: Path | None = None,
    values: Mapping[str, Any] | None = None,
) -> PlannedStack:
    """Read, check and plan one stack.

    The settings are the stack file's (or `config_file`'s), or `values`, as Pulumi hands them to
    its program; the file then only lends the lines. Raises Usage if there is no such stack, and
    Unforeseen if a rule, or reading a file, raised what nobody foresaw.
    """
    config_files = {stack: config_file} if config_file else {}
    return StackReader(pulumi_project, config_files).plan(stack, values)


def check_stacks(
    pulumi_project: Project, stacks: Iterable[str], *, config_file: Path | None = None
) -> Findings:
    """Read and check stacks, and plan nothing; `config_file` stands for each of their files.

    Raises Usage if there is no such stack, and Unforeseen as `plan_stack` does.
    """
    names = tuple(stacks)
    reader = StackReader(pulumi_project, dict.fromkeys(names, config_file) if config_file else {})
    return merged(stack.findings for stack in read_stacks(names, reader.check).values())


def read_stacks(
    names: Iterable[str], read_stack: Callable[[str], PlannedStack]
) -> dict[str, PlannedStack]:
    """Read every stack, by name.

    Raises Unforeseen after the last one, with the findings of all, if reading one raised it.
    """
    planned: dict[str, PlannedStack] = {}
    failure: BaseException | None = None
    for name in names:
        try:
            planned[name] = read_stack(name)
        except Unforeseen as error:
            planned[name] = PlannedStack(error.findings)
            failure = failure or error.__cause__
    if failure is not None:
        raise Unforeseen(merged(stack.findings for stack in planned.values())) from failure
    return planned


def merged(read_stackss: Iterable[Findings]) -> Findings:
    """Join the findings of several stacks: what several of them share is there once."""
    every = tuple(read_stackss)
    return Findings(
        in_order(diagnostic for findings in every for diagnostic in findings.diagnostics),
        tuple(sorted({text for findings in every for text in findings.not_checked})),
        max((findings.manifests for findings in every), default=0),
    )


class StackReader:
    """Reads the stacks of one Pulumi project; parses each stack file and manifest once for all.

    `config_files` names the files that are read in place of stacks' own.
    """

    def __init__(self, pulumi_project: Project, config_files: Mapping[str, Path]) -> None:
        self._pulumi_project = pulumi_project
        self._config_files = config_files
        self._settings_of_file = cache(self._read)
        self._parse = cache(manifest.parse)

    def plan(self, stack: str, values: Mapping[str, Any] | None = None) -> PlannedStack:
        """Read, check and plan one stack, as `plan_stack` does."""
        checked = self.check(stack, values)
        if checked.loaded is None or checked.settings is None or checked.findings.errors:
            return checked
        return replace(checked, plan=build(checked.loaded.fleet, checked.settings))

    def check(self, stack: str, values: Mapping[str, Any] | None = None) -> PlannedStack:
        """Read and check one stack, and plan nothing. Raises Usage and Unforeseen."""
        names = dict.fromkeys((stack, *self._pulumi_project.stacks()))
        read = {name: self._settings(name, values if name == stack else None) for name in names}
        diagnostics = tuple(problem for entry in read.values() for problem in entry.problems)
        failures = {entry.path: entry.failure for entry in read.values() if entry.failure}
        settings = read[stack].settings
        if settings is None:
            findings = Findings(in_order(diagnostics), tuple(sorted(unread(failures))))
            raise_if_any(failures.values(), findings)
            return PlannedStack(findings)
        loaded = self._load(
            settings, tuple(entry.settings for entry in read.values() if entry.settings)
        )
        loaded = replace(
            loaded,
            diagnostics=loaded.diagnostics + diagnostics,
            failures={**loaded.failures, **failures},
        )
        return PlannedStack(check(loaded), settings, loaded)

    def _settings(self, stack: str, values: Mapping[str, Any] | None) -> _SettingsRead:
        return self._settings_of_file(stack) if values is None else self._read(stack, values)

    def _read(self, stack: str, values: Mapping[str, Any] | None = None) -> _SettingsRead:
        """Read a stack's settings; what nobody foresaw is a value, so that others are read."""
        file = self._config_files.get(stack)
        path = str(file or self._pulumi_project.stack_file(stack))
        try:
            settings, problems = stack_settings(
                self._pulumi_project, stack, config_file=file, values=values
            )
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 - the other files' findings are worth having
            return _SettingsRead(path, failure=error)
        return _SettingsRead(path, settings, problems)

    def _load(self, settings: Settings, stacks: tuple[Settings, ...]) -> Loaded:
        """Read the manifests and the mesh a stack's settings name."""
        roots = [
            Root(pattern, settings.value("projects", index))
            for index, pattern in enumerate(settings.projects)
        ]
        folder = self._pulumi_project.folder
        mesh_hosts = folder / settings.mesh_hosts
        return load(roots, folder, mesh_hosts, settings=settings, stacks=stacks, parse=self._parse)


@dataclass(frozen=True, slots=True)
class _SettingsRead:
    """A stack's settings as far as they could be read, and what that raised unforeseen."""

    path: str
    settings: Settings | None = None
    problems: tuple[Diagnostic, ...] = ()
    failure: Exception | None = None


def stack_settings(
    pulumi_project: Project,
    stack: str,
    *,
    config_file: Path | None = None,
    values: Mapping[str, Any] | None = None,
) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """Read and check one stack's settings. Raises Usage if nothing says what they are."""
    file = (config_file or pulumi_project.stack_file(stack)).absolute()
    within = None if config_file else str(pulumi_project.folder)
    try:
        document, diagnostics = read(str(file), files.content(str(file), MAX_BYTES, within=within))
    except OSError as error:
        if values is None:
            raise _no_stack(pulumi_project, stack, file, error) from None
        document, diagnostics = Document(str(file), b""), ()
    if document is None:
        return None, diagnostics
    if values is None:
        values = settings_values(document)
    settings, problems = settings_door.parse(stack, values, document)
    return settings, (*diagnostics, *problems)


def _no_stack(pulumi_project: Project, stack: str, file: Path, error: OSError) -> Usage:
    if os.path.lexists(file):
        return Usage(f"{file} cannot be read: {files.reason(error)}")
    stacks = ", ".join(pulumi_project.stacks()) or f"none yet in {pulumi_project.stacks_folder}"
    return Usage(
        f"there is no stack `{stack}`: {file} does not exist",
        state=f"stacks with a file: {stacks}",
        next_step=f"name one with --stack, or write {file.name}",
    )
