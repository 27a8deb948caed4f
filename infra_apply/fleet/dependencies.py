"""Whom a `depends_on` entry means."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def target(fleet: Fleet, dependent: Manifest, name: str) -> Manifest | None:
    """Return the instance an entry means: the same environment's, or prod's for a dev dependent.

    None for an external service, and for a project that has no manifest or only a dev one.
    """
    same = fleet.by_instance.get((name, dependent.environment))
    return same or fleet.by_instance.get((name, "prod"))


def edges(fleet: Fleet) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each (dependent, dependency) pair of instances once, sorted by dependent."""
    for dependent in fleet.manifests:
        for name in sorted(set(dependent.depends_on)):
            if (found := target(fleet, dependent, name)) and found is not dependent:
                yield dependent, found
