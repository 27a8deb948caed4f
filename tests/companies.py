"""Companies for tests: manifests as values, written to disk or built in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Database, Gpu, Manifest, Service
from infra_apply.inputs.mesh import Host, Mesh
from infra_apply.inputs.settings import Settings
from infra_apply.plan.build import build
from infra_apply.plan.model import Plan

SETTINGS = Settings("prod", "prod", ("projects/*",), "mesh-hosts.json", fleet="acme")
MESH = Mesh(
    "mesh-hosts.json",
    {
        "lime": Host("lime", "digitalocean", "100.64.0.11"),
        "basil": Host("basil", "digitalocean"),
        "fennel": Host("fennel", "mac", "100.64.0.31"),
    },
)


def service(
    project: str, host: str | None = "lime", port: int | None = 8080, **changes: Any
) -> Manifest:
    """A digitalocean prod service; `changes` are fields of its manifest."""
    manifest = Manifest(project, "prod", "digitalocean", service=Service(host=host, port=port))
    return replace(manifest, **changes)


def database(name: str, cluster: str = "shared-pg") -> Database:
    return Database(cluster, name, name)


def gpu(droplet: str = "gpu-l40sx1-48gb") -> Gpu:
    return Gpu("on-demand", droplet)


def fleet(*manifests: Manifest, settings: Settings = SETTINGS) -> Fleet:
    ordered = tuple(sorted(manifests, key=lambda manifest: manifest.instance))
    return Fleet(ordered, MESH, settings, (settings,))


def plan(*manifests: Manifest, settings: Settings = SETTINGS) -> Plan:
    return build(fleet(*manifests, settings=settings), settings)


def write(
    folder: Path,
    manifests: Mapping[str, Mapping[str, Any] | str],
    *,
    settings: Mapping[str, Any] | None = None,
    hosts: Sequence[str] = ("lime", "basil", "fennel"),
) -> Path:
    """Write a Pulumi project with one stack, prod, over manifests given by `folder/file`."""
    project = folder / "company"
    for name, content in manifests.items():
        file = project / "projects" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content)))
    values = {
        "projects": ["projects/*"],
        "meshHosts": "mesh-hosts.json",
        "fleet": "acme",
        "network": {"ssh": []},
        **(settings or {}),
    }
    config = {f"infra-apply:{key}": value for key, value in values.items()}
    (project / "stacks").mkdir(parents=True, exist_ok=True)
    (project / "stacks" / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    (project / "mesh-hosts.json").write_text(json.dumps({"hosts": list(hosts)}))
    root = Path(__file__).parents[1]
    (project / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text())
    (project / "__main__.py").write_text((root / "__main__.py").read_text())
    return project


def manifest(project: str, **keys: Any) -> dict[str, Any]:
    """The mapping of one valid manifest."""
    base: dict[str, Any] = {"apiVersion": "infra/v1", "project": project}
    return {**base, "provider": "digitalocean", **keys}
