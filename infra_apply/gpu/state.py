"""What a pool's stack remembers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra_apply.gpu.pool import Remembered


def remembered_in(exported: Mapping[str, Any]) -> Remembered:
    """Read what `pulumi stack export` printed: droplets by the name of their resource."""
    deployment = exported.get("deployment") or {}
    resources = deployment.get("resources") or ()
    pending = deployment.get("pending_operations") or ()
    return Remembered(
        slots=dict(_droplets(resources)),
        unfinished=any(operation.get("type") == "creating" for operation in pending),
        exists=bool(resources or pending),
    )


def _droplets(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for resource in resources:
        if resource.get("type") == _DROPLET and str(resource.get("id", "")).isdecimal():
            yield str(resource["urn"]).rpartition("::")[2], int(resource["id"])


_DROPLET: Final = "digitalocean:index/droplet:Droplet"
