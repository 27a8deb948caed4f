"""Quarantined projects: their manifests are not read, and what they have stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra_apply import naming
from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, NotChecked
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Environment
from infra_apply.inputs.settings import Settings

OF_NOBODY: Final = Code(
    "IA814",
    "quarantine of nobody",
    "a name that is misspelt leaves the project it means outside the quarantine",
    "correct the name, or remove it",
    Severity.WARNING,
)
CONTRADICTED: Final = Code(
    "IA815",
    "at odds with a quarantine",
    "what a quarantined project has stays exactly as it is, so it cannot go, and nobody can take"
    " its name",
    "end the quarantine first, or take back what is at odds with it",
)
CODES: Final = (OF_NOBODY, CONTRADICTED)


def quarantined_projects(stacks: Iterable[Settings]) -> frozenset[str]:
    """Return the projects that any stack's settings quarantine; it holds for every stack."""
    return frozenset(name for stack in stacks for name in stack.owners.quarantined)


def project_of_folder(
    folder: str, quarantined: Iterable[str], owner_folders: Mapping[str, str]
) -> str | None:
    """Return the quarantined project whose manifests lie in an absolute folder, if one's do.

    That is the folder which `owners.projects` says, else one with the project's name.
    """
    name = folder.rpartition("/")[2]
    for project in quarantined:
        if folder == owner_folders.get(project) or (
            project == name and project not in owner_folders
        ):
            return project
    return None


def instances_of(projects: Iterable[str]) -> dict[str, tuple[str, Environment]]:
    """Return every instance that projects can have, by the instance's name, sorted."""
    environments: tuple[Environment, ...] = ("prod", "dev")
    return {
        naming.instance(project, environment): (project, environment)
        for project in sorted(projects)
        for environment in environments
    }


def entries_of_mesh(fleet: Fleet) -> dict[str, Any]:
    """Return what the mesh's services map says of quarantined instances, by their names."""
    services = fleet.mesh.services if fleet.mesh else {}
    names = instances_of(fleet.quarantined)
    return {name: services[name] for name in names if name in services}


def ports_of_mesh(fleet: Fleet) -> dict[str, int]:
    """Return the ports of quarantined instances, as far as the mesh's services map has them."""
    return {
        name: facts["port"]
        for name, facts in entries_of_mesh(fleet).items()
        if isinstance(facts, dict) and isinstance(facts.get("port"), int)
    }


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report names that are nobody's, and what would take something from a quarantined project.

    What is quarantined is said to be not checked.
    """
    for project in sorted(fleet.quarantined):
        yield NotChecked(f"the manifests of `{project}`: it is quarantined")
    for stack in fleet.stacks if fleet.quarantined else ():
        yield from _of_nobody(fleet, stack)
        yield from _retired(fleet, stack)
    yield from _names(fleet)


def _of_nobody(fleet: Fleet, stack: Settings) -> Iterator[Diagnostic]:
    known = {manifest.project for manifest in fleet.manifests} | fleet.quarantined_folders
    for index, name in enumerate(stack.owners.quarantined):
        if name not in fleet.quarantined_folders:
            message = f"no folder of the projects is called `{name}`, and none is its by `owners`"
            hint = did_you_mean(name, known, otherwise="right if its checkout is gone")
            place = stack.value("owners", "quarantined", index)
            yield Diagnostic(OF_NOBODY, place, message, hint)


def _retired(fleet: Fleet, stack: Settings) -> Iterator[Diagnostic]:
    for name, (project, _) in instances_of(fleet.quarantined).items():
        if name in stack.retired:
            message = f"`{name}` is retired, and `{project}` is quarantined: it stays as it is"
            hint = f"remove `{project}` from `quarantined`, or `{name}` from `retired`"
            yield Diagnostic(CONTRADICTED, stack.key("retired", name), message, hint)


def _names(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report projects that are called as a quarantined one's dev instance."""
    quarantined = instances_of(fleet.quarantined)
    for manifest in fleet.manifests:
        name = naming.instance(*manifest.instance)
        if name in quarantined:
            other, environment = quarantined[name]
            message = (
                f"`{name}` is the name of the {environment} instance of `{other}`, which is"
                " quarantined"
            )
            hint = f"rename the project, or quarantine `{manifest.project}` too"
            yield Diagnostic(CONTRADICTED, manifest.value("project"), message, hint)
