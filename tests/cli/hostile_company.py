"""A company in which every text may be any other: of its manifests, settings, mesh and account."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from infra_apply.rehearsal.simulator.seed.build import seed
from tests.companies import manifest, write

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Field:
    """A text of a file: the value at a path, or the last key of the path itself."""

    file: str
    path: Where
    is_key: bool = False


SHOP: Final = {
    **manifest("shop"),
    "environment": "prod",
    "database": {"cluster": "shared-pg", "name": "shop", "user": "shop"},
    "service": {"host": "lime", "port": 8080, "runtime": "python", "systemd_unit": "shop.service"},
    "gpu": {"mode": "on-demand", "droplet": "box"},
    "depends_on": ["wiki", "mail"],
}
WIKI: Final = manifest("wiki", provider="mac", service={"host": "fennel", "port": 8081})
WIKI_DEV: Final = {
    **manifest("wiki", service={"host": "mint", "port": 8082}, depends_on=["shop"]),
    "environment": "dev",
}
SETTINGS: Final = {
    "environment": "prod",
    "fleet": "acme",
    "projects": ["projects/shop", "projects/wiki"],
    "meshHosts": "mesh-hosts.json",
    "droplet": {
        "region": "nyc3",
        "size": "s-1vcpu-2gb",
        "image": "debian-12-x64",
        "sshKeys": ["ops"],
        "vpc": "own",
        "tags": ["web"],
        "backups": True,
        "userData": "start.yaml",
    },
    "hosts": {
        "lime": {
            "size": "s-1vcpu-1gb",
            "tags": ["red"],
            "projects": ["shop"],
            "reservedPorts": [9000],
            "create": True,
            "resizeDisk": False,
            "protect": True,
        },
        "basil": {"adopt": 8, "firewall": "managed"},
        "mint": {"lookup": True},
    },
    "network": {
        "ssh": ["198.51.100.0/24"],
        "public": {"shop": [8080]},
        "mesh": ["udp/51820"],
    },
    "external": {"mail": "https://mail.example.com"},
    "gpu": {
        "profiles": {
            "box": {
                "size": ["gpu-l40sx1-48gb"],
                "region": ["tor1"],
                "image": "gpu-h100x1-base",
                "userData": "start.yaml",
            }
        },
        "pools": {
            "shop": {
                "maxSlots": 2,
                "jobsPerSlot": 1,
                "idle": "15m",
                "keepWarm": 0,
                "maxHours": 4,
                "budgetPerDay": 20,
                "queue": "jobs",
            }
        },
        "requireReaper": True,
    },
    "databases": {
        "isolation": "enforce",
        "shared-pg": {"adopt": ["shop"], "closeDefault": False, "connections": 9},
    },
    "retired": {"old": "keep"},
    "owners": {
        "projects": {"shop": "projects/shop"},
        "clusters": {"shared-pg": ["shop"]},
        "profiles": {"box": ["shop"]},
        "quarantined": ["lost"],
    },
}
DEV: Final = {
    "environment": "dev",
    "fleet": "acme",
    "projects": ["projects/shop", "projects/wiki"],
    "meshHosts": "mesh-hosts.json",
    "network": {"ssh": []},
}
MESH: Final = {
    "hosts": {
        "lime": {"kind": "digitalocean", "address": "127.0.0.1"},
        "basil": {"type": "digitalocean", "ip": "127.0.0.1"},
        "mint": {"provider": "digitalocean", "mesh_ip": "127.0.0.1"},
        "fennel": {"kind": "mac", "hostname": "fennel.example"},
    },
    "services": {"shop": {"project": "shop", "environment": "prod", "host": "lime"}},
}


def _droplet(identifier: int, name: str, size: str, *tags: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "status": "active",
        "region": {"slug": "nyc3"},
        "size_slug": size,
        "size": {"slug": size, "price_hourly": 1.0, "price_monthly": 700.0, "gpu_info": {}},
        "image": {"id": 1, "slug": "debian-12-x64"},
        "vpc_uuid": "aaaa0001-0000-4000-8000-000000000001",
        "tags": list(tags),
        "created_at": "2026-01-01T00:00:00Z",
        "networks": {"v4": [{"type": "public", "ip_address": "203.0.113.7"}], "v6": []},
    }


def _account() -> dict[str, Any]:
    account = seed(clusters=[("shared-pg", "pg")], ssh_keys=["ops"], vpcs=[("own", "nyc3")])
    (cluster,) = account["databases"]
    cluster["dbs"].append({"name": "shop"})
    cluster["users"].append({"name": "shop", "role": "normal", "password": "AVNS_x"})
    slot = ("infra-apply-slot:acme:shop:abc234", "infra-apply-deadline:1800000000")
    return account | {
        "droplets": [
            _droplet(7, "lime", "s-1vcpu-1gb", "infra-apply:acme:prod", "env:prod"),
            _droplet(8, "basil", "s-1vcpu-2gb", "project:wiki"),
            _droplet(9, "shop-gpu-abc234", "gpu-l40sx1-48gb", *slot, "infra-apply:acme:prod"),
        ],
        "tags": [{"name": "infra-apply:acme:prod"}],
        "firewalls": [
            {
                "id": "cccc0001-0000-4000-8000-000000000001",
                "name": "acme-lime",
                "status": "succeeded",
                "tags": ["infra-apply-host:acme:lime"],
                "droplet_ids": [7],
                "inbound_rules": [],
                "outbound_rules": [],
                "pending_changes": [],
                "created_at": "2026-01-01T00:00:00Z",
            }
        ],
    }


TEMPLATES: Final[Mapping[str, Any]] = {
    "projects/shop/.infra.yaml": SHOP,
    "projects/wiki/.infra.yaml": WIKI,
    "projects/wiki/.infra.dev.yaml": WIKI_DEV,
    "stacks/Pulumi.prod.yaml": SETTINGS,
    "stacks/Pulumi.dev.yaml": DEV,
    "mesh-hosts.json": MESH,
    "account/account.json": _account(),
}
"""What each file holds; the account is in the shapes of DigitalOcean's API."""
_OF_STRANGERS: Final = ("droplets", "databases", "tags", "firewalls", "vpcs", "keys", "account")
"""What others may write on the account; the rest of it is the API's own catalogue."""


def fields() -> list[Field]:
    """Return every text of every file, keys too, but for the keys of the API's shapes."""
    return sorted(
        Field(file, path, is_key)
        for file, content in TEMPLATES.items()
        for path, is_key in _texts(content, ())
        if "account" not in file or (path[0] in _OF_STRANGERS and not is_key)
    )


def write_company(folder: Path, texts: Mapping[Field, str]) -> Path:
    """Write the company with other texts in some fields; return the folder to run commands in."""
    project = write(folder, {})
    (project / "start.yaml").write_text("#cloud-config\n")
    (project / "trace.jsonl").write_text('{"t": 0, "service_s": 60}\n')
    for file, template in TEMPLATES.items():
        content = copy.deepcopy(template)
        own = [field for field in texts if field.file == file]
        # The deepest first, and values before keys: a path then still leads where it led.
        for field in sorted(own, key=lambda field: (-len(field.path), field.is_key)):
            _put(content, field, texts[field])
        if file.startswith("stacks/"):
            content = {"config": {f"infra-apply:{key}": content[key] for key in content}}
        path = project / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content) if path.suffix == ".json" else yaml.safe_dump(content))
    return project


def _texts(value: Any, path: Where) -> Iterator[tuple[Where, bool]]:
    if isinstance(value, str):
        yield path, False
    inner: Sequence[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
        yield from (((*path, key), True) for key in value)
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, item in inner:
        yield from _texts(item, (*path, key))


def _put(content: Any, field: Field, text: str) -> None:
    *above, last = field.path
    for key in above:
        content = content[key]
    if field.is_key:
        content[text] = content.pop(last)
    else:
        content[last] = text
