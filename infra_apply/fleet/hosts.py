"""Which machine a service runs on."""

from __future__ import annotations

from infra_apply import naming
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def machine(manifest: Manifest) -> str | None:
    """Name the machine a service runs on.

    A digitalocean service that names no host has a droplet of its own; any other service without
    a host runs on a machine nobody named (None), as does an instance without a service.
    """
    if manifest.service is None:
        return None
    if manifest.service.host is None and manifest.provider == "digitalocean":
        return naming.instance(*manifest.instance)
    return manifest.service.host


def droplets(fleet: Fleet) -> dict[str, list[Manifest]]:
    """Return the digitalocean services by their host's name, hosts sorted."""
    carried: dict[str, list[Manifest]] = {}
    for manifest in fleet.services():
        host = machine(manifest)
        if manifest.provider == "digitalocean" and host is not None:
            carried.setdefault(host, []).append(manifest)
    return dict(sorted(carried.items()))
