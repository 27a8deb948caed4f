"""env_variants: one manifest an environment, and nothing in it that grants access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Related
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.owners import folder, is_at_home
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Manifest

DECLARED_TWICE: Final = Code(
    "IA604",
    "instance declared twice",
    "two folders cannot both say where one instance runs",
    "rename one project, or remove one manifest",
)
SHAPE_OF_ACCESS_CONFIG: Final = Code(
    "IA605", "value with the shape of access config", redact.WHY, "remove it, and rotate it"
)
VARIANTS_APART: Final = Code(
    "IA606",
    "variants in two folders",
    "a manifest in another project's folder could take over the project's name and its callers",
    "put both manifests of a project into one folder, or say whose it is with `owners.projects`",
)
NOT_THE_OWNERS: Final = Code(
    "IA607",
    "manifest outside its owner's folder",
    "the settings say where the project's manifests lie, and this one is somebody else's",
    "rename the project, move the manifest, or correct the setting `owners.projects`",
)


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report instances declared twice, manifests in others' folders, and access config."""
    for manifest in fleet.manifests:
        owner = fleet.by_instance[manifest.instance]
        if owner is not manifest:
            yield _declared_twice(manifest, owner)
        elif manifest.project in fleet.owner_folders:
            yield from _not_the_owners(fleet, manifest)
        elif manifest.environment != "prod":
            yield from _apart(fleet, manifest)
        yield from _access_config(manifest)


def _not_the_owners(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    if is_at_home(fleet, manifest):
        return
    name = manifest.project
    for stack in fleet.stacks:
        if name in stack.owners.projects:
            where = stack.owners.projects[name]
            message = f"the manifests of `{name}` lie in `{where}`, and this one does not"
            related = Related(stack.key("owners", "projects", name), "said here")
            hint = "rename the project, or have the setting `owners.projects` corrected"
            yield Diagnostic(NOT_THE_OWNERS, manifest.value("project"), message, hint, (related,))


def _apart(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    prod = fleet.by_instance.get((manifest.project, "prod"))
    if prod is not None and folder(prod) != folder(manifest):
        message = f"the prod manifest of `{manifest.project}` lies in another folder"
        hint = "put both into one folder; if this is another project, give it another name"
        related = Related(prod.value("project"), "it is here")
        yield Diagnostic(VARIANTS_APART, manifest.value("project"), message, hint, (related,))


def _access_config(manifest: Manifest) -> Iterator[Diagnostic]:
    for at, value in redact.texts(manifest.document.data):
        shape = _shape(value)
        if shape:
            name = ".".join(str(part) for part in at)
            message = f"`{name}` has the shape of a {shape}: {redact.REASON}"
            yield Diagnostic(SHAPE_OF_ACCESS_CONFIG, manifest.value(*at), message, _MEND[shape])


def _shape(value: str) -> str | None:
    if redact.shaped_like_secret(value):
        return "secret"
    return "bind address" if redact.shaped_like_bind_address(value) else None


_MEND: Final = {"secret": "remove it, and rotate it", "bind address": "remove it"}


def _declared_twice(manifest: Manifest, owner: Manifest) -> Diagnostic:
    name = naming.instance(*manifest.instance)
    message = f"`{manifest.project}` already has a {manifest.environment} manifest"
    hint = "two folders cannot hold one instance: rename one project, or remove one manifest"
    related = Related(owner.value("project"), f"`{name}` is first declared here")
    return Diagnostic(DECLARED_TWICE, manifest.value("project"), message, hint, (related,))


RULE: Final = Rule(check, (DECLARED_TWICE, SHAPE_OF_ACCESS_CONFIG, VARIANTS_APART, NOT_THE_OWNERS))
