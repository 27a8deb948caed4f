"""One `.infra*.yaml`, by the convention infra_manifest 0.3.0: its schema and its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.inputs import schema_errors
from infra_apply.inputs.document import Document
from infra_apply.inputs.yaml_reader import read

MISSING_KEY: Final = Code(
    "IA101", "missing key", "the convention requires it", "add the key; the hint shows how it looks"
)
UNKNOWN_KEY: Final = Code(
    "IA102",
    "unknown key",
    "a misspelt key would be ignored, and what it says would silently not happen",
    "correct or remove the key",
)
WRONG_TYPE: Final = Code(
    "IA103",
    "wrong type",
    schema_errors.WRONG_TYPE_WHY,
    "write a value of the type the message names",
)
NOT_A_CHOICE: Final = Code(
    "IA104", "not one of the values", "the convention lists what it can be", "choose one of them"
)
ACCESS_CONFIG: Final = Code(
    "IA105",
    "access config in a manifest",
    redact.WHY,
    "remove it; keep it in the service's own environment, and rotate it if it was committed",
)
CODES: Final = (MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE, NOT_A_CHOICE, ACCESS_CONFIG)

Environment = Literal["dev", "prod"]
Provider = Literal["digitalocean", "mac", "bare-metal", "local"]


@dataclass(frozen=True, slots=True)
class Database:
    """A logical database and its own user on a shared managed cluster."""

    cluster: str
    name: str
    user: str


@dataclass(frozen=True, slots=True)
class Service:
    """What runs, and where; absent facts are None."""

    host: str | None = None
    runtime: str | None = None
    port: int | None = None
    systemd_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """An on-demand GPU workload; `droplet` is a size slug or a profile of the settings."""

    mode: str | None = None
    droplet: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One instance: what a project declares for one environment."""

    project: str
    environment: Environment
    provider: Provider
    database: Database | None = None
    service: Service | None = None
    gpu: Gpu | None = None
    depends_on: tuple[str, ...] = ()
    document: Document = field(default_factory=lambda: Document("", b""), compare=False, repr=False)

    @property
    def path(self) -> str:
        """The absolute path of the file."""
        return self.document.path

    @property
    def instance(self) -> tuple[str, Environment]:
        """What identifies it: (project, environment)."""
        return (self.project, self.environment)

    def key(self, *at: str | int) -> Place:
        """Where a key is written."""
        return self.document.key(*at)

    def value(self, *at: str | int) -> Place:
        """Where a value is written."""
        return self.document.value(*at)


def parse(path: str, source: bytes) -> tuple[Manifest | None, tuple[Diagnostic, ...]]:
    """Read one manifest. Without a manifest there is at least one error; never raises."""
    document, diagnostics = read(path, source)
    if document is None:
        return None, diagnostics
    try:
        data = _ADAPTER.validate_python(document.data)
    except ValidationError as error:
        return None, (
            *diagnostics,
            *schema_errors.diagnostics(error, document, _CODES, known=_KNOWN),
        )
    return _manifest(data, document), diagnostics


_BY_NAME: Final[Mapping[str, Environment]] = {".infra.yaml": "prod", ".infra.dev.yaml": "dev"}


def name_of(environment: str) -> str:
    """Return the file name of an environment's manifest."""
    return ".infra.yaml" if environment == "prod" else f".infra.{environment}.yaml"


def environment_of(path: str) -> Environment | None:
    """Return the environment a manifest's file name stands for, None for a name that has none."""
    return _BY_NAME.get(path.rpartition("/")[2])


def json_schema() -> dict[str, Any]:
    """Return the schema of a manifest, draft 2020-12, for editors and for validators."""
    schema = _ADAPTER.json_schema()
    parts = schema.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema["title"],
        **_readable(schema, parts),
    }


def _readable(schema: dict[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Put each part where it is used; drop titles, which only repeat a key's name."""
    if reference := schema.get("$ref"):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = parts[reference.rpartition("/")[2]] | rest
    return {
        key: _readable(value, parts) if isinstance(value, dict) else value
        for key, value in schema.items()
        if key != "title"
    }


def _whole(value: object) -> object:
    """JSON Schema's `integer` takes 8080.0; so do we."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_STRICT: Final = ConfigDict(extra="forbid", strict=True)


@with_config(_STRICT)
class _DatabaseKeys(TypedDict):
    cluster: Annotated[str, Field(description="Shared managed cluster: looked up, not owned here.")]
    name: Annotated[str, Field(description="The project's own logical database.")]
    user: Annotated[str, Field(description="The project's own database user.")]


@with_config(_STRICT)
class _ServiceKeys(TypedDict):
    host: NotRequired[
        Annotated[str, Field(description="A host name from net-tools mesh-hosts.json.")]
    ]
    runtime: NotRequired[
        Annotated[
            str, Field(description="What runs it, such as python; a remark, nothing is made of it.")
        ]
    ]
    port: NotRequired[
        Annotated[int, BeforeValidator(_whole), Field(description="The TCP port it listens on.")]
    ]
    systemd_unit: NotRequired[
        Annotated[str, Field(description="The systemd unit that runs it on its host.")]
    ]


@with_config(_STRICT)
class _GpuKeys(TypedDict):
    mode: NotRequired[
        Annotated[Literal["on-demand"], Field(description="On demand only, never a standing GPU.")]
    ]
    droplet: NotRequired[
        Annotated[str, Field(description="A GPU size slug, or a profile of the settings.")]
    ]


@with_config(ConfigDict(extra="forbid", strict=True, title="ProjectInfraManifest"))
class _ManifestKeys(TypedDict):
    apiVersion: Annotated[Literal["infra/v1"], Field(description="Manifest contract version.")]
    project: Annotated[str, Field(description="The project's name, most often its folder's.")]
    environment: NotRequired[
        Annotated[
            Environment,
            Field(
                description="Deployment environment. Omitted = prod. One manifest an environment "
                "(.infra.yaml, .infra.dev.yaml).",
                json_schema_extra={"default": "prod"},
            ),
        ]
    ]
    provider: Annotated[
        Provider,
        Field(description="Where it physically runs; only digitalocean is rendered."),
    ]
    database: NotRequired[
        Annotated[
            _DatabaseKeys,
            Field(description="The project's own database and user on a shared cluster."),
        ]
    ]
    service: NotRequired[
        Annotated[_ServiceKeys, Field(description="What runs, and on which host of the mesh.")]
    ]
    gpu: NotRequired[
        Annotated[_GpuKeys, Field(description="GPU droplets on demand: none until work waits.")]
    ]
    depends_on: NotRequired[
        Annotated[
            list[str], Field(description="The projects, or external services, it calls over HTTP.")
        ]
    ]


_ADAPTER: Final = TypeAdapter(_ManifestKeys)
_CODES: Final = schema_errors.Codes(
    MISSING_KEY, UNKNOWN_KEY, WRONG_TYPE, NOT_A_CHOICE, ACCESS_CONFIG
)
_KNOWN: Final = {
    (): tuple(_ManifestKeys.__annotations__),
    ("database",): tuple(_DatabaseKeys.__annotations__),
    ("service",): tuple(_ServiceKeys.__annotations__),
    ("gpu",): tuple(_GpuKeys.__annotations__),
}


def _manifest(data: _ManifestKeys, document: Document) -> Manifest:
    return Manifest(
        project=data["project"],
        environment=data.get("environment", "prod"),
        provider=data["provider"],
        database=Database(**data["database"]) if "database" in data else None,
        service=Service(**data["service"]) if "service" in data else None,
        gpu=Gpu(**data["gpu"]) if "gpu" in data else None,
        depends_on=tuple(data.get("depends_on", ())),
        document=document,
    )
