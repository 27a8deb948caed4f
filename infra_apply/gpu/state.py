"""What the engine's CLI prints of a pool's stack: its state, and who holds its lock. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from infra_apply.gpu.pool import Remembered


def remembered_in(exported: Mapping[str, Any]) -> Remembered:
    """Read what `pulumi stack export` printed: droplets by the name of their resource."""
    deployment = exported.get("deployment") or {}
    resources = deployment.get("resources") or ()
    pending = deployment.get("pending_operations") or ()
    return Remembered(
        slots=dict(_droplets(resources)),
        unfinished=any(one.get("type") == "creating" for one in pending),
        exists=bool(resources or pending),
    )


def is_abandoned(said: str, here: str, running: Callable[[int], bool]) -> bool:
    """Say whether every process that holds a lock was one of this machine, and is gone."""
    holders = _HOLDER.findall(said)
    return bool(holders) and all(
        who.rpartition("@")[2] == here and not running(int(pid)) for who, pid in holders
    )


def _droplets(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for one in resources:
        if one.get("type") == _DROPLET and str(one.get("id", "")).isdecimal():
            yield str(one["urn"]).rpartition("::")[2], int(one["id"])


_DROPLET: Final = "digitalocean:index/droplet:Droplet"
# engine.reasons writes it so.
_HOLDER: Final = re.compile(r"(\S+) \(process (\d+)\) since")
