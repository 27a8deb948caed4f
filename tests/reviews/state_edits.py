"""Edits of the state, as somebody makes them with `pulumi state` or an editor.

Each changes a copy in place, and returns whether it found what to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, TypeAlias

JSON: TypeAlias = dict[str, Any]
StateEdit: TypeAlias = Callable[[Random, JSON], bool]
_GRANTS: Final = "pulumi-python:dynamic/infra-apply:Grants"


def forgotten(rng: Random, deployment: JSON) -> bool:
    """As `pulumi state delete` leaves it, with everything below it."""
    for resource in _remembered(rng, deployment):
        _forget(deployment, resource["urn"])
        return True
    return False


def component_forgotten(rng: Random, deployment: JSON) -> bool:
    for resource in _remembered(rng, deployment, prefix="infra-apply:"):
        _forget(deployment, resource["urn"])
        return True
    return False


def all_forgotten(_rng: Random, deployment: JSON) -> bool:
    return deployment.pop("resources", None) is not None


def output_edited(rng: Random, deployment: JSON) -> bool:
    return _edit_values(rng, deployment, "outputs")


def input_edited(rng: Random, deployment: JSON) -> bool:
    return _edit_values(rng, deployment, "inputs")


def another_id(rng: Random, deployment: JSON) -> bool:
    """The state has a stranger's droplet in place of ours."""
    for resource in _remembered(rng, deployment):
        if resource["type"].endswith(":Droplet"):
            resource["id"] = resource["outputs"]["id"] = "400000001"
            return True
    return False


def drifted(rng: Random, deployment: JSON) -> bool:
    """As a refresh leaves it after somebody's GRANT in a database."""
    for resource in _remembered(rng, deployment, prefix=_GRANTS):
        resource["outputs"]["drift"] = ["`reporting` has CONNECT on the database"]
        return True
    return False


def _remembered(
    rng: Random, deployment: JSON, prefix: str | tuple[str, ...] = ("digitalocean:", _GRANTS)
) -> list[JSON]:
    resources = [
        resource
        for resource in deployment.get("resources") or ()
        if resource["type"].startswith(prefix)
    ]
    return rng.sample(resources, len(resources))


def _forget(deployment: JSON, urn: str) -> None:
    """Take out a resource and what is below it, and every mention of them."""
    gone = {urn} | {
        resource["urn"] for resource in deployment["resources"] if resource.get("parent") == urn
    }
    kept = [resource for resource in deployment["resources"] if resource["urn"] not in gone]
    for resource in kept:
        _drop_mentions(resource, gone)
    deployment["resources"] = kept


def _drop_mentions(resource: JSON, gone: set[str]) -> None:
    if "dependencies" in resource:
        resource["dependencies"] = [urn for urn in resource["dependencies"] if urn not in gone]
    for name, urns in (resource.get("propertyDependencies") or {}).items():
        resource["propertyDependencies"][name] = [urn for urn in urns or () if urn not in gone]


def _edit_values(rng: Random, deployment: JSON, part: str) -> bool:
    for resource in _remembered(rng, deployment):
        values = resource.get(part) or {}
        names = [
            name
            for name, value in values.items()
            if isinstance(value, str) and name not in {"__provider", "clusterId", "id", "name"}
        ]
        if names:
            values[rng.choice(sorted(names))] += "-edited"
            return True
        if values.get("tags"):
            values["tags"] = values["tags"][1:]
            return True
    return False


STATE_EDITS: Final[Mapping[str, StateEdit]] = {
    "resource out of the state": forgotten,
    "component out of the state": component_forgotten,
    "everything out of the state": all_forgotten,
    "output in the state edited": output_edited,
    "input in the state edited": input_edited,
    "another id in the state": another_id,
    "drift of grants in the state": drifted,
}
