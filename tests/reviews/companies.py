"""Random companies: the manifests and settings that a start is made of, and their files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from tests.companies import manifest, write
from tests.schedules.fleets import Fleet

STACK: Final = "prod"
HOSTS: Final = ("lime", "basil", "clove", "thyme", "sorrel", "mint")
PROJECTS: Final = ("shop", "wiki", "till", "mail", "docs", "chat", "news")
CLUSTERS: Final = ("shared-pg", "books-mysql")
SSH_KEYS: Final = ("ops", "night")
POOL: Final = "train"
SIZES: Final = ("s-1vcpu-1gb", "s-1vcpu-2gb", "s-2vcpu-2gb", "s-2vcpu-4gb")
RANGES: Final = ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.64/26")


@dataclass(frozen=True, slots=True)
class Company:
    """The manifests by project, and the stack's settings, as they are written into files.

    `user_data` is the text of the script that settings may name as `host.sh`.
    """

    manifests: dict[str, dict[str, Any]]
    settings: dict[str, Any]
    user_data: str = "#!/bin/sh\necho ready\n"
    mesh: tuple[str, ...] = field(default=HOSTS)

    @property
    def hosts(self) -> list[str]:
        """The hosts that carry a service, sorted."""
        services = [keys.get("service", {}) for keys in self.manifests.values()]
        return sorted({service["host"] for service in services if "host" in service})

    @property
    def projects(self) -> list[str]:
        """The projects that have a service, sorted."""
        return sorted(name for name, keys in self.manifests.items() if "service" in keys)

    def copy(self) -> Company:
        """Return a company whose manifests and settings may be changed."""
        return Company(
            deepcopy(self.manifests),
            deepcopy(self.settings),
            self.user_data,
            self.mesh,
        )

    def fleet(self) -> Fleet:
        """Return what bystanders are named after: hosts, and clusters of databases."""
        clusters = {
            name: keys["database"]["cluster"]
            for name, keys in self.manifests.items()
            if "database" in keys
        }
        return Fleet("random", dict.fromkeys(self.hosts, ""), clusters)


def draw_company(rng: Random) -> Company:
    """Draw a company of one to three hosts, with databases, dependencies, and sometimes a pool."""
    hosts = rng.sample(HOSTS[:4], rng.choice((1, 2, 2, 3)))
    projects = rng.sample(PROJECTS[:6], len(hosts) + rng.randint(0, 2))
    manifests: dict[str, dict[str, Any]] = {}
    for index, project in enumerate(projects):
        host = hosts[index] if index < len(hosts) else rng.choice(hosts)
        keys: dict[str, Any] = {"service": {"host": host, "port": 8080 + index}}
        if rng.random() < 0.4:
            keys["service"]["systemd_unit"] = f"{project}.service"
        if rng.random() < 0.5:
            keys["database"] = database(rng, project)
        if manifests and rng.random() < 0.5:
            called = rng.sample(sorted(manifests), rng.randint(1, min(2, len(manifests))))
            keys["depends_on"] = called
        manifests[project] = manifest(project, **keys)
    if rng.random() < 0.2:
        gpu = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}
        manifests[POOL] = manifest(POOL, gpu=gpu, depends_on=[projects[0]])
    return Company(manifests, _draw_settings(rng, hosts, manifests))


def database(rng: Random, project: str) -> dict[str, str]:
    return {"cluster": rng.choice(CLUSTERS), "name": project, "user": project}


def write_company(company: Company, folder: Path, python: Path) -> Path:
    """Write, or write anew, a company's Pulumi project below a folder; return where it is.

    `python` is in the `bin` of an environment that has every package the program needs.
    """
    shutil.rmtree(folder / "company" / "projects", ignore_errors=True)
    stack = stack_file(folder / "company")
    before = yaml.safe_load(stack.read_text()) if stack.exists() else {}
    manifests = {f"{name}/.infra.yaml": keys for name, keys in company.manifests.items()}
    project = write(folder, manifests, settings=company.settings, hosts=company.mesh)
    file = project / "Pulumi.yaml"
    document = yaml.safe_load(file.read_text())
    document["runtime"]["options"]["virtualenv"] = str(python.parent.parent)
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    (project / "host.sh").write_text(company.user_data)
    # What the engine keeps beside the settings (the salt of its secrets) stays.
    stack.write_text(yaml.safe_dump(before | yaml.safe_load(stack.read_text())))
    return project


def stack_file(project: Path) -> Path:
    return project / "stacks" / f"Pulumi.{STACK}.yaml"


def mesh_file(project: Path) -> Path:
    return project / "mesh-hosts.json"


def add_to_mesh(project: Path, host: str) -> None:
    file = mesh_file(project)
    mesh = json.loads(file.read_text())
    file.write_text(json.dumps({"hosts": [host, *mesh["hosts"]]}, indent=4))


def _draw_settings(
    rng: Random, hosts: list[str], manifests: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    settings: dict[str, Any] = {"fleet": "acme", "network": _draw_network(rng, manifests)}
    droplet: dict[str, Any] = {}
    if rng.random() < 0.4:
        droplet["size"] = rng.choice(SIZES[:3])
    if rng.random() < 0.4:
        droplet["sshKeys"] = ["ops"]
    if rng.random() < 0.4:
        droplet["userData"] = "host.sh"
    if rng.random() < 0.3:
        droplet["tags"] = ["team:a"]
    if droplet:
        settings["droplet"] = droplet
    for host in hosts:
        if rng.random() < 0.3:
            keys = rng.choice(({"size": "s-2vcpu-2gb"}, {"backups": True}, {"tags": ["team:b"]}))
            settings.setdefault("hosts", {})[host] = dict(keys)
    return settings


def _draw_network(rng: Random, manifests: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    network: dict[str, Any] = {"ssh": list(rng.sample(RANGES[:2], rng.randint(1, 2)))}
    if rng.random() < 0.4:
        network["mesh"] = ["udp/51820"]
    services = [name for name, keys in manifests.items() if "service" in keys]
    if rng.random() < 0.4:
        project = rng.choice(services)
        network["public"] = {project: [manifests[project]["service"]["port"]]}
    return network
