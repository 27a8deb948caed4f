"""net-tools' `mesh-hosts.json`: the hosts of the mesh and its services map."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.lines import place_in
from infra_apply.diagnostics.model import Diagnostic, Place

UNREADABLE_MESH: Final = Code(
    "IA503",
    "mesh that cannot be read",
    "without the mesh no host can be checked; a broken file is not an empty mesh",
    "mend the file, or correct the setting `meshHosts`",
)
NO_ADDRESS: Final = Code(
    "IA505",
    "mesh address that is none",
    "URLs are made of it, and one with a user, a port or a path leads somewhere else",
    "write an IP address, or a host name of letters, digits, dots and dashes",
)
CODES: Final = (UNREADABLE_MESH, NO_ADDRESS)

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
    A file of any other shape is an error, never an empty mesh. An address that is none is an
    error, and its host is one without an address.
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
    if pairs is None or not _is_encodable(source, data):
        shapeless = _error(Place(path, 1, 1), "has no `hosts` that can be understood")
        halved = _error(_half_a_character(path, source), "holds half of a character")
        return None, (shapeless if pairs is None else halved,)
    services = data.get("services")
    hosts = {name: _host(name, facts) for name, facts in pairs}
    problems = tuple(
        _no_address(path, name) for name, host in hosts.items() if not _is_address(host.address)
    )
    hosts = {
        name: host if _is_address(host.address) else replace(host, address=None)
        for name, host in hosts.items()
    }
    return Mesh(path, hosts, services if isinstance(services, dict) else {}), problems


def unreadable(path: str, reason: str) -> Diagnostic:
    """Say that the file cannot be read at all."""
    return _error(Place(path), f"cannot be read: {reason}")


def _error(place: Place, problem: str) -> Diagnostic:
    hint = 'the mesh is {"hosts": {"<name>": {"kind": "digitalocean", "address": "10.0.0.1"}}}'
    return Diagnostic(UNREADABLE_MESH, place, f"the mesh file {problem}", hint)


def _no_address(path: str, name: str) -> Diagnostic:
    message = f"the address of `{name}` in the mesh is neither an IP address nor a host name"
    return Diagnostic(NO_ADDRESS, Place(path), message, "write it as 10.0.0.1 or lime.example.com")


def _is_encodable(source: bytes, data: object) -> bool:
    """Say whether all text can be written as UTF-8, which half of a pair cannot (RFC 8259, 8.2)."""
    if not _SURROGATE.search(source):
        return True
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _half_a_character(path: str, source: bytes) -> Place:
    text = source.decode("utf-8-sig")
    match = _LONE_SURROGATE.search(text)
    return place_in(path, text, match.start(1)) if match else Place(path)


def _is_address(address: str | None) -> bool:
    if address is None or _HOST_NAME.fullmatch(address):  # every IPv4 address is of that form too
        return True
    import ipaddress  # noqa: PLC0415 - half a millisecond that only an IPv6 address pays

    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return "%" not in address


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
    words = (str(facts.get(key)).casefold() for key in ("provider", "kind", "type"))
    kind = next((_KINDS[word] for word in words if word in _KINDS), None)
    keys = ("address", "ip", "mesh_ip", "ipv4", "hostname")
    address = next((facts[key] for key in keys if isinstance(facts.get(key), str)), None)
    # A tunnel's configuration writes an address with the length of its network: 10.0.0.1/24.
    return Host(name, kind, _LENGTH.sub("", address or "") or None)


_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE: Final = re.compile(
    r"(?:[^\\]|\\[^u]|\\u(?![dD][89a-fA-F])|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)*+(\\u)"
)
_LENGTH: Final = re.compile(r"/\d{1,3}$")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
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
