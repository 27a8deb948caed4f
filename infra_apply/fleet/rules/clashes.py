"""fleet: what two services cannot share on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic, Related
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report two services on one host with one port or one unit, and ports that cannot be."""
    taken: dict[tuple[str, str, object], Manifest] = {}
    for one in sorted(fleet.services(), key=lambda one: one.path):
        service = one.service
        if service is None:
            continue
        port = service.port
        if port is not None and not 1 <= port <= _MAX_PORT:
            message = f"a port is a number from 1 to {_MAX_PORT}, and this is {port}"
            yield Diagnostic("IA704", one.value("service", "port"), message)
        host = machine(one)
        if host is None:
            continue
        for key, code, what in _SHARED:
            value = getattr(service, key)
            if value is None:
                continue
            if key == "systemd_unit":
                value = value.removesuffix(".service")  # systemd adds it to a name without a type
            owner = taken.setdefault((host, key, value), one)
            if owner.instance != one.instance:  # an instance declared twice is env_variants'
                yield _clash(code, f"{what} {getattr(service, key)}", key, host, (one, owner))


def _clash(
    code: str, what: str, key: str, host: str, claimants: tuple[Manifest, Manifest]
) -> Diagnostic:
    one, owner = claimants
    holder = naming.instance(*owner.instance)
    message = f"{what} on `{host}` is already taken by `{holder}`"
    hint = f"choose another {key}, or another host (a host is one machine for dev and prod)"
    related = Related(owner.value("service", key), f"taken here by `{holder}`")
    return Diagnostic(code, one.value("service", key), message, hint, (related,))


_MAX_PORT: Final = 65535
_SHARED: Final = (("port", "IA701", "port"), ("systemd_unit", "IA702", "the systemd unit"))
