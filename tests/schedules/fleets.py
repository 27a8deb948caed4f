"""The fleets that are struck, and the strangers' things that stand beside them in the account."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from infra_apply.rehearsal.simulator.account.messages import Request, State
from infra_apply.rehearsal.simulator.account.routes import handle
from tests.companies import manifest, write

STACK: Final = "prod"
SETTINGS: Final = {
    "fleet": "acme",
    "network": {"ssh": ["198.51.100.0/24"], "mesh": ["udp/51820"]},
}


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the manifests ask for: a host's project, and the cluster of a project's database.

    A project's database and its user are called like the project.
    """

    name: str
    hosts: Mapping[str, str]
    clusters: Mapping[str, str]


FOUR: Final = Fleet(
    "four",
    {"lime": "shop", "basil": "wiki", "clove": "till", "thyme": "mail"},
    {"shop": "shared-pg", "wiki": "shared-pg", "till": "books-mysql"},
)
THREE: Final = Fleet(
    "three",
    {"lime": "shop", "basil": "wiki", "clove": "till"},
    {"shop": "shared-pg", "wiki": "shared-pg", "till": "shared-pg"},
)
ONE: Final = Fleet("one", {"lime": "shop"}, {"shop": "shared-pg"})
FLEETS: Final = {fleet.name: fleet for fleet in (FOUR, THREE, ONE)}


def write_company(fleet: Fleet, folder: Path, python: Path = Path(sys.executable)) -> Path:
    """Write the fleet's Pulumi project below a folder and return where it is.

    `python` is in the `bin` of an environment that has every package the program needs.
    """
    projects = sorted(fleet.hosts.values())
    manifests = {}
    for host, project in fleet.hosts.items():
        port = 8080 + projects.index(project)
        keys: dict[str, Any] = {"service": {"host": host, "port": port}}
        if cluster := fleet.clusters.get(project):
            keys["database"] = {"cluster": cluster, "name": project, "user": project}
        if project != "shop":
            keys["depends_on"] = ["shop"]
        manifests[f"{project}/.infra.yaml"] = manifest(project, **keys)
    company = write(folder, manifests, settings=SETTINGS, hosts=sorted(fleet.hosts))
    file = company / "Pulumi.yaml"
    project = yaml.safe_load(file.read_text())
    project["runtime"]["options"]["virtualenv"] = str(python.parent.parent)
    file.write_text(yaml.safe_dump(project, sort_keys=False))
    return company


def add_bystanders(account: State, fleet: Fleet) -> State:
    """Return the account with strangers' things whose names are one letter away from the fleet's.

    Droplets, a firewall attached to one of the fleet's tags, and databases and users on its
    clusters.
    """
    names = [*(f"{host}s" for host in fleet.hosts), *(host[:-1] for host in fleet.hosts)]
    for name in sorted(names):
        body = {"name": name, "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
        account = _post(account, "droplets", body | {"tags": ["hand-made"]})
    account = _post(account, "tags", {"name": f"env:{STACK}"})
    rule = {"protocol": "tcp", "ports": "9100", "sources": {"addresses": ["192.0.2.7/32"]}}
    firewall = {"name": "watch", "inbound_rules": [rule], "tags": [f"env:{STACK}"]}
    account = _post(account, "firewalls", firewall)
    for cluster in account["databases"]:
        for project, name in sorted(fleet.clusters.items()):
            if name == cluster["name"]:
                members = f"databases/{cluster['id']}"
                account = _post(account, f"{members}/dbs", {"name": f"{project}s"})
                account = _post(account, f"{members}/users", {"name": f"{project}s"})
    settled, _ = handle(account, Request("GET", "/v2/droplets"), _LATER)
    return settled


def read_account(folder: Path) -> State:
    """Return the account that a folder keeps."""
    account: State = json.loads((folder / "account.json").read_text())
    return account


def write_account(folder: Path, account: State) -> None:
    (folder / "account.json").write_text(json.dumps(account))


def fleet_of(name: str) -> Fleet:
    return FLEETS[name]


_EARLIER: Final = 1_700_000_000.0
_LATER: Final = _EARLIER + 3600


def _post(account: State, path: str, body: Mapping[str, Any]) -> State:
    account, response = handle(account, Request("POST", f"/v2/{path}", body=dict(body)), _EARLIER)
    if response.status >= 400:
        raise ValueError(f"POST {path}: {response.status} {yaml.safe_dump(response.body)}")
    return account
