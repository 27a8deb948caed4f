"""The door for settings: which keys a stack file may have and what each may hold."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Final, Literal, Required

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from infra_apply.inputs.manifest import Environment

_STRICT: Final = ConfigDict(extra="forbid", strict=True)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_project(value: object) -> object:
    """`public: [a, b]` is short for every port of a and b."""
    if isinstance(value, list) and all(isinstance(project, str) for project in value):
        return dict.fromkeys(value)
    return value


def _duration(value: str) -> str:
    if not re.fullmatch(r"\d+(?:s|m|h)", value):
        raise ValueError("write a number and s, m or h, such as 15m")
    return value


def _short_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", value):
        raise ValueError("write lower-case letters, digits and dashes, 32 at most, such as acme")
    return value


def _udp_port(value: str) -> str:
    match = re.fullmatch(r"(?:udp|tcp)/(\d+)", value)
    if not match or not 0 < int(match[1]) <= _MAX_PORT:
        raise ValueError("write a protocol and a port, such as udp/51820")
    return value


def _cidr(value: str) -> str:
    import ipaddress  # noqa: PLC0415 - half a millisecond that only settings with networks pay

    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{error}; write a range such as 198.51.100.0/24") from None
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", value):
        raise ValueError("write a URL, such as https://payments.example.com")
    return value


_MAX_PORT: Final = 65535
_Texts = Annotated[list[str], BeforeValidator(_listed)]
_Port = Annotated[int, Field(ge=1, le=_MAX_PORT)]


@with_config(_STRICT)
class DropletKeys(TypedDict, total=False):
    region: str
    size: str
    image: str
    sshKeys: list[str]
    vpc: str
    tags: list[str]
    backups: bool
    userData: str


@with_config(_STRICT)
class HostKeys(DropletKeys, total=False):
    adopt: Annotated[int, Field(ge=1)]
    lookup: bool
    create: bool
    resizeDisk: bool
    protect: bool
    firewall: Literal["managed"]
    projects: list[str]
    reservedPorts: list[_Port]


@with_config(_STRICT)
class NetworkKeys(TypedDict, total=False):
    ssh: list[Annotated[str, AfterValidator(_cidr)]]
    public: Annotated[dict[str, list[_Port] | None], BeforeValidator(_by_project)]
    mesh: list[Annotated[str, AfterValidator(_udp_port)]]


@with_config(_STRICT)
class ProfileKeys(TypedDict, total=False):
    size: Required[_Texts]
    region: _Texts
    image: str
    userData: str


@with_config(_STRICT)
class PoolKeys(TypedDict, total=False):
    maxSlots: Annotated[int, Field(ge=0)]
    jobsPerSlot: Annotated[int, Field(ge=1)]
    idle: Annotated[str, AfterValidator(_duration)]
    keepWarm: Annotated[int, Field(ge=0)]
    maxHours: Annotated[float, Field(gt=0)]
    budgetPerDay: Annotated[float, Field(ge=0)]
    queue: str


@with_config(_STRICT)
class GpuKeys(TypedDict, total=False):
    profiles: dict[str, ProfileKeys]
    pools: dict[str, PoolKeys]
    requireReaper: bool


@with_config(_STRICT)
class ClusterKeys(TypedDict, total=False):
    adopt: list[str]
    closeDefault: bool
    connections: Annotated[int, Field(ge=1)]


@with_config(ConfigDict(strict=True, extra="allow"))
class DatabasesKeys(TypedDict, total=False, extra_items=ClusterKeys):  # type: ignore[call-arg]
    isolation: Literal["enforce", "off"]


@with_config(_STRICT)
class OwnersKeys(TypedDict, total=False):
    projects: dict[str, str]
    clusters: dict[str, list[str]]
    profiles: dict[str, list[str]]
    quarantined: list[str]


@with_config(_STRICT)
class SettingsKeys(TypedDict, total=False):
    environment: Required[Environment]
    fleet: Annotated[str, AfterValidator(_short_name)]
    projects: Required[Annotated[list[str], Field(min_length=1)]]
    meshHosts: Required[str]
    droplet: DropletKeys
    hosts: dict[str, HostKeys]
    network: NetworkKeys
    external: dict[str, Annotated[str, AfterValidator(_url)]]
    gpu: GpuKeys
    databases: DatabasesKeys
    retired: dict[str, Literal["keep", "destroy"]]
    owners: OwnersKeys


@cache
def adapter() -> TypeAdapter[SettingsKeys]:
    """Return the validator; it is built when settings are read, which most checks never do."""
    return TypeAdapter(SettingsKeys)


KNOWN: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    (): tuple(SettingsKeys.__annotations__),
    ("droplet",): tuple(DropletKeys.__annotations__),
    ("hosts", "*"): (*DropletKeys.__annotations__, *HostKeys.__annotations__),
    ("network",): tuple(NetworkKeys.__annotations__),
    ("gpu",): tuple(GpuKeys.__annotations__),
    ("gpu", "profiles", "*"): tuple(ProfileKeys.__annotations__),
    ("gpu", "pools", "*"): tuple(PoolKeys.__annotations__),
    ("owners",): tuple(OwnersKeys.__annotations__),
    ("databases", "*"): tuple(ClusterKeys.__annotations__),
}
