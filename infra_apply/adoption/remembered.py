"""What a stack's state has already, of all that could be taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Remembered:
    """The ids of droplets by their host, and (cluster's id, name) of databases and of users."""

    droplets: Mapping[str, int] = field(default_factory=dict)
    databases: frozenset[tuple[str, str]] = frozenset()
    users: frozenset[tuple[str, str]] = frozenset()


def remembered_in(exported: Mapping[str, Any]) -> Remembered:
    """Read what `pulumi stack export` printed as JSON."""
    deployment = exported.get("deployment") or {}
    resources = [
        resource for resource in deployment.get("resources") or () if not resource.get("delete")
    ]
    return Remembered(
        droplets={
            resource["urn"].rpartition("::")[2]: int(resource["id"])
            for resource in resources
            if resource["type"] == _DROPLET and str(resource.get("id")).isdecimal()
        },
        databases=frozenset(_members(resources, _DATABASE)),
        users=frozenset(_members(resources, _USER)),
    )


def _members(resources: list[Mapping[str, Any]], kind: str) -> Iterator[tuple[str, str]]:
    for resource in resources:
        if resource["type"] == kind:
            inputs = resource.get("inputs") or {}
            yield str(inputs.get("clusterId")), str(inputs.get("name"))


_DROPLET: Final = "digitalocean:index/droplet:Droplet"
_DATABASE: Final = "digitalocean:index/databaseDb:DatabaseDb"
_USER: Final = "digitalocean:index/databaseUser:DatabaseUser"
