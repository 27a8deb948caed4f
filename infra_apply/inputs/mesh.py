"""net-tools' `mesh-hosts.json`: the hosts of the mesh and its services map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from infra_apply.diagnostics.lines import place_in
from infra_apply.diagnostics.model import Diagnostic, Place

MAX_BYTES: Final = 16 * 1024 * 1024

Kind = Literal["digitalocean", "mac", "bare-metal", "local"]


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of the mesh. `kind` is None where the file does not say, or says a new word."""

    name: str
    kind: Kind | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Mesh:
    """Hosts by name, and the services map as it stands in the file."""

    path: str
    hosts: Mapping[str, Host]
    services: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def parse(path: str, source: bytes) -> tuple[Mesh | None, tuple[Diagnostic, ...]]:
    """Read the file's bytes; three shapes of `hosts` are taken. Never raises.

    `{"hosts": {name: {...}}}`, `{"hosts": [{"name": ...}]}` and `{"hosts": [name, ...]}`.
    A file of any other shape is an error, never an empty mesh.
    """
    if len(source) > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES // 1024 // 1024} MiB and was not read"
        return None, (_error(Place(path), problem),)
    try:
        data = json.loads(source.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, (_error(Place(path), "is not UTF-8 text"),)
    except json.JSONDecodeError as error:
        place = place_in(path, error.doc, error.pos)
        return None, (_error(place, f"is not JSON: {error.msg}"),)
    except (RecursionError, ValueError):
        return None, (_error(Place(path), "is not JSON that can be read"),)
    entries = data.get("hosts") if isinstance(data, dict) else None
    pairs = _pairs(entries)
    if pairs is None:
        return None, (_error(Place(path, 1, 1), "has no `hosts` that can be understood"),)
    services = data.get("services")
    hosts = {name: _host(name, facts) for name, facts in pairs}
    return Mesh(path, hosts, services if isinstance(services, dict) else {}), ()


def unreadable(path: str, reason: str) -> Diagnostic:
    """Say that the file cannot be read at all."""
    return _error(Place(path), f"cannot be read: {reason}")


def _error(place: Place, problem: str) -> Diagnostic:
    hint = 'the mesh is {"hosts": {"<name>": {"kind": "digitalocean", "address": "10.0.0.1"}}}'
    return Diagnostic("IA503", place, f"the mesh file {problem}", hint)


def _pairs(entries: object) -> list[tuple[str, Mapping[str, Any]]] | None:
    if isinstance(entries, dict):
        return [(name, facts if isinstance(facts, dict) else {}) for name, facts in entries.items()]
    if not isinstance(entries, list):
        return None
    pairs: list[tuple[str, Mapping[str, Any]]] = []
    for entry in entries:
        if isinstance(entry, str):
            pairs.append((entry, {}))
        elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
            pairs.append((entry["name"], entry))
        else:
            return None
    return pairs


def _host(name: str, facts: Mapping[str, Any]) -> Host:
    said = (str(facts.get(key)).casefold() for key in ("provider", "kind", "type"))
    kind = next((_KINDS[word] for word in said if word in _KINDS), None)
    keys = ("address", "ip", "mesh_ip", "ipv4", "hostname")
    address = next((facts[key] for key in keys if isinstance(facts.get(key), str)), None)
    return Host(name, kind, address or None)


_KINDS: Final[dict[str, Kind]] = {
    "digitalocean": "digitalocean",
    "do": "digitalocean",
    "droplet": "digitalocean",
    "mac": "mac",
    "macos": "mac",
    "darwin": "mac",
    "bare-metal": "bare-metal",
    "baremetal": "bare-metal",
    "bare_metal": "bare-metal",
    "metal": "bare-metal",
    "local": "local",
}
