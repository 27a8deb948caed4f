"""A stack's settings: the keys of namespace `infra-apply` in `stacks/Pulumi.<stack>.yaml`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from pydantic import ValidationError

from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.inputs import schema_errors
from infra_apply.inputs.document import Document, Path
from infra_apply.inputs.manifest import Environment
from infra_apply.inputs.pulumi_project import NAMESPACE, settings_values
from infra_apply.inputs.settings_schema import KNOWN, adapter

MISSING_SETTING: Final = Code(
    "IA801",
    "missing setting",
    "without it the stack cannot be planned",
    "add it under `config`, as `infra-apply:<name>`",
)
UNKNOWN_SETTING: Final = Code(
    "IA802",
    "unknown setting",
    "a misspelt setting would be ignored, and what it says would silently not happen",
    "correct or remove it",
)
WRONG_TYPE: Final = Code(
    "IA803", "wrong type of setting", schema_errors.WRONG_TYPE_WHY, "write what the message names"
)
NOT_A_CHOICE: Final = Code(
    "IA804", "not one of the values", "it has a few values only", "choose one"
)
CODES: Final = (MISSING_SETTING, UNKNOWN_SETTING, WRONG_TYPE, NOT_A_CHOICE)


@dataclass(frozen=True, slots=True)
class Droplet:
    """What a droplet is made with. Sizes, regions and images are DigitalOcean's slugs.

    `user_data_file` is the name of a file, relative to Pulumi.yaml.
    """

    region: str = "nyc3"
    size: str = "s-1vcpu-1gb"
    image: str = "ubuntu-24-04-x64"
    ssh_keys: tuple[str, ...] = ()
    vpc: str | None = None
    tags: tuple[str, ...] = ()
    backups: bool = False
    user_data_file: str | None = None


@dataclass(frozen=True, slots=True)
class HostSettings:
    """How one host is treated; `droplet` has the defaults, overlaid by the host's own keys.

    `projects` names those that may be there, None for any; no manifest takes a reserved port.
    """

    droplet: Droplet = Droplet()
    own_keys: frozenset[str] = frozenset()
    adopt: int | None = None
    lookup: bool = False
    create: bool = False
    resize_disk: bool = False
    protect: bool = True
    firewall: Literal["managed"] | None = None
    projects: tuple[str, ...] | None = None
    reserved_ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """Who may reach what. `public`: project -> ports, None for all of its ports."""

    ssh: tuple[str, ...] | None = None
    public: Mapping[str, tuple[int, ...] | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    mesh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuProfile:
    """What a slot is made with; sizes and regions in the order they are tried."""

    sizes: tuple[str, ...]
    regions: tuple[str, ...] = ()
    image: str | None = None
    user_data_file: str | None = None


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How far a pool may grow. Durations as written (`15m`); `budget_per_day` in USD a UTC day."""

    max_slots: int = 1
    jobs_per_slot: int = 1
    idle: str | None = None
    keep_warm: int | None = None
    max_hours: float | None = None
    budget_per_day: float | None = None
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """How one shared cluster is treated.

    `connections` is how many a project may have to its database at once; None for a share.
    """

    adopt: tuple[str, ...] = ()
    close_default: bool = False
    connections: int | None = None


@dataclass(frozen=True, slots=True)
class Owners:
    """What belongs to whom: what is not named here is anybody's.

    `projects`: project -> the folder its manifests lie in, relative to Pulumi.yaml. `clusters` and
    `profiles`: name -> the projects that may use it. `quarantined` names projects whose
    manifests are not read and whose resources stay exactly as they are.
    """

    projects: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profiles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quarantined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """One stack's settings, checked; `document` knows the place of each.

    `names_fleet` says whether the fleet's name is written there. With `requires_reaper` no pool
    grows while nothing is known to end its slots at their deadline.
    """

    stack: str
    environment: Environment
    projects: tuple[str, ...]
    mesh_hosts: str
    fleet: str = "fleet"
    names_fleet: bool = True
    droplet: Droplet = Droplet()
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    network: Network = Network()
    external: Mapping[str, str] = field(default_factory=dict)
    gpu_profiles: Mapping[str, GpuProfile] = field(default_factory=dict)
    gpu_pools: Mapping[str, PoolLimits] = field(default_factory=dict)
    requires_reaper: bool = False
    isolation: Literal["enforce", "off"] = "enforce"
    clusters: Mapping[str, ClusterSettings] = field(default_factory=dict)
    retired: Mapping[str, Literal["keep", "destroy"]] = field(default_factory=dict)
    owners: Owners = Owners()
    document: Document = field(default_factory=lambda: Document("", b""), compare=False, repr=False)

    def host(self, name: str) -> HostSettings:
        """Return how a host is treated, with the defaults for one that is not named."""
        return self.hosts.get(name) or HostSettings(droplet=self.droplet)

    def key(self, name: str, *at: str | int) -> Place:
        """Where a setting's key is written, if the stack file has it with this value."""
        return self.document.key(*located(name, *at))

    def value(self, name: str, *at: str | int) -> Place:
        """Where a setting's value is written, if the stack file has it with this value."""
        return self.document.value(*located(name, *at))


def located(name: str, *at: str | int) -> tuple[str | int, ...]:
    """Return the path of a setting in a stack file."""
    return ("config", f"{NAMESPACE}:{name}", *at)


def parse(
    stack: str, values: Mapping[str, Any], document: Document
) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """Check settings. Without Settings there is at least one error; never raises.

    `values` are the settings by name, as Pulumi has them or as the stack file does. `document` is
    the stack file; a setting whose value there is another one gets no line.
    """
    placed = _placed(values, document)
    try:
        valid = adapter().validate_python({"environment": stack} | dict(values))
    except ValidationError as error:
        return None, tuple(
            schema_errors.diagnostics(error, placed, _CODES, known=KNOWN, locate=_located_path)
        )
    return _settings(stack, cast("Mapping[str, Any]", valid), placed), ()


def from_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return our settings from Pulumi's configuration, where anything structured is JSON text."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name:
            values[name] = value if name in _PLAIN_TEXT else _decoded(value)
    return values


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


_PLAIN_TEXT: Final = frozenset({"environment", "fleet", "meshHosts"})


def _located_path(at: Path) -> Path:
    return located(str(at[0]), *at[1:]) if at else ("config",)


def _placed(values: Mapping[str, Any], document: Document) -> Document:
    written = settings_values(document)
    if written == values:
        return document
    same = {located(name) for name in values if written.get(name) == values[name]}
    return replace(
        document,
        keys={at: mark for at, mark in document.keys.items() if at[:2] in same},
        values={at: mark for at, mark in document.values.items() if at[:2] in same},
    )


def _settings(stack: str, valid: Mapping[str, Any], document: Document) -> Settings:
    droplet = _droplet(Droplet(), valid.get("droplet", {}))
    gpu = valid.get("gpu", {})
    databases = dict(valid.get("databases", {}))
    return Settings(
        stack=stack,
        environment=valid["environment"],
        projects=tuple(valid["projects"]),
        mesh_hosts=valid["meshHosts"],
        fleet=valid.get("fleet", "fleet"),
        names_fleet="fleet" in valid,
        droplet=droplet,
        hosts={name: _host(droplet, keys) for name, keys in valid.get("hosts", {}).items()},
        network=_network(valid.get("network", {})),
        external=valid.get("external", {}),
        gpu_profiles={name: _profile(keys) for name, keys in gpu.get("profiles", {}).items()},
        gpu_pools={name: _limits(keys) for name, keys in gpu.get("pools", {}).items()},
        requires_reaper=gpu.get("requireReaper", False),
        isolation=databases.pop("isolation", "enforce"),
        clusters={name: _cluster(keys) for name, keys in databases.items()},
        retired=valid.get("retired", {}),
        owners=_owners(valid.get("owners", {})),
        document=document,
    )


def _droplet(base: Droplet, keys: Mapping[str, Any]) -> Droplet:
    return Droplet(
        region=keys.get("region", base.region),
        size=keys.get("size", base.size),
        image=keys.get("image", base.image),
        ssh_keys=tuple(keys.get("sshKeys", base.ssh_keys)),
        vpc=keys.get("vpc", base.vpc),
        tags=tuple(keys.get("tags", base.tags)),
        backups=keys.get("backups", base.backups),
        user_data_file=keys.get("userData", base.user_data_file),
    )


def _host(base: Droplet, keys: Mapping[str, Any]) -> HostSettings:
    return HostSettings(
        droplet=_droplet(base, keys),
        own_keys=frozenset(keys),
        adopt=keys.get("adopt"),
        lookup=keys.get("lookup", False),
        create=keys.get("create", False),
        resize_disk=keys.get("resizeDisk", False),
        protect=keys.get("protect", True),
        firewall=keys.get("firewall"),
        projects=tuple(keys["projects"]) if "projects" in keys else None,
        reserved_ports=tuple(keys.get("reservedPorts", ())),
    )


def _owners(keys: Mapping[str, Any]) -> Owners:
    return Owners(
        projects=keys.get("projects", {}),
        clusters={name: tuple(users) for name, users in keys.get("clusters", {}).items()},
        profiles={name: tuple(users) for name, users in keys.get("profiles", {}).items()},
        quarantined=tuple(keys.get("quarantined", ())),
    )


def _network(keys: Mapping[str, Any]) -> Network:
    public = {
        project: None if ports is None else tuple(ports)
        for project, ports in keys.get("public", {}).items()
    }
    ssh = tuple(keys["ssh"]) if "ssh" in keys else None
    return Network(ssh=ssh, public=public, mesh=tuple(keys.get("mesh", ())))


def _profile(keys: Mapping[str, Any]) -> GpuProfile:
    return GpuProfile(
        sizes=tuple(keys["size"]),
        regions=tuple(keys.get("region", ())),
        image=keys.get("image"),
        user_data_file=keys.get("userData"),
    )


def _limits(keys: Mapping[str, Any]) -> PoolLimits:
    return PoolLimits(
        max_slots=keys.get("maxSlots", 1),
        jobs_per_slot=keys.get("jobsPerSlot", 1),
        idle=keys.get("idle"),
        keep_warm=keys.get("keepWarm"),
        max_hours=keys.get("maxHours"),
        budget_per_day=keys.get("budgetPerDay"),
        queue=keys.get("queue"),
    )


def _cluster(keys: Mapping[str, Any]) -> ClusterSettings:
    return ClusterSettings(
        tuple(keys.get("adopt", ())), keys.get("closeDefault", False), keys.get("connections")
    )


_CODES: Final = schema_errors.Codes(
    MISSING_SETTING, UNKNOWN_SETTING, WRONG_TYPE, NOT_A_CHOICE, UNKNOWN_SETTING
)
