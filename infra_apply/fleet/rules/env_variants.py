"""env_variants: one manifest an environment, and nothing in it that grants access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_apply import access_config, naming
from infra_apply.diagnostics import Diagnostic, Related
from infra_apply.document import Path
from infra_apply.fleet.model import Fleet
from infra_apply.manifest import Manifest


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report an instance declared twice, and values with the shape of a secret."""
    for one in fleet.manifests:
        owner = fleet.by_instance[one.instance]
        if owner is not one:
            yield _declared_twice(one, owner)
        for at, value in _texts(one.document.data, ()):
            if access_config.shaped_like_secret(value):
                name = ".".join(str(part) for part in at)
                message = f"`{name}` has the shape of a secret: {access_config.REASON}"
                yield Diagnostic("IA605", one.value(*at), message, "remove it, and rotate it")


def _declared_twice(one: Manifest, owner: Manifest) -> Diagnostic:
    name = naming.instance(*one.instance)
    message = f"`{one.project}` already has a {one.environment} manifest"
    hint = "two folders cannot hold one instance: rename one project, or remove one manifest"
    related = Related(owner.value("project"), f"`{name}` is first declared here")
    return Diagnostic("IA604", one.value("project"), message, hint, (related,))


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*at, index))
