"""env_variants: one manifest an environment, and nothing in it that grants access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Related
from infra_apply.fleet.model import Fleet
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


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report an instance declared twice, and values with the shape of access config."""
    for manifest in fleet.manifests:
        owner = fleet.by_instance[manifest.instance]
        if owner is not manifest:
            yield _declared_twice(manifest, owner)
        yield from _access_config(manifest)


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


RULE: Final = Rule(check, (DECLARED_TWICE, SHAPE_OF_ACCESS_CONFIG))
