"""Which machine a service runs on."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def machine(one: Manifest) -> str | None:
    """Name the machine a service runs on.

    A digitalocean service that names no host has a droplet of its own; any other service without
    a host runs on a machine nobody named (None), as does an instance without a service.
    """
    if one.service is None:
        return None
    if one.service.host is None and one.provider == "digitalocean":
        return naming.instance(*one.instance)
    return one.service.host


def droplets(fleet: Fleet) -> dict[str, list[Manifest]]:
    """Return the digitalocean services by their host's name, hosts sorted."""
    found: dict[str, list[Manifest]] = {}
    for one in fleet.services():
        host = machine(one)
        if one.provider == "digitalocean" and host is not None:
            found.setdefault(host, []).append(one)
    return dict(sorted(found.items()))
