"""The company that the end-to-end tests begin with, and what they change and look up of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from infra_apply.rehearsal.simulator.storage import AccountFiles
from tests.companies import manifest, write
from tests.e2e.shell import Shell

SETTINGS: Final[Mapping[str, Any]] = {
    "network": {"ssh": ["198.51.100.0/24"], "mesh": ["udp/51820"]},
    "fleet": "acme",
}
DATABASE: Final = {"cluster": "shared-pg", "name": "shop", "user": "shop"}
SHOP: Final = manifest("shop", service={"host": "lime", "port": 8080}, database=DATABASE)
WIKI: Final = manifest(
    "wiki",
    service={"host": "basil", "port": 8088},
    database={"cluster": "shared-pg", "name": "wiki", "user": "wiki"},
    depends_on=["shop"],
)
MAIL: Final = manifest("mail", service={"host": "clove", "port": 8025})
HOSTS: Final = ("lime", "basil", "clove", "fennel")

# What another setting alone changes: the state keeps them all with Pulumi's dynamic provider.
SETTINGS_KEPT: Final = {("update", "pulumi-python", "default")}

# Below the account's folder.
BACKEND: Final = Path("engine/state/.pulumi")
STATE: Final = BACKEND / "stacks/infra-apply/prod.json"


def write_company(folder: Path) -> Path:
    """Write three services on three hosts, two of them with a database, and return the project."""
    manifests = {"shop/.infra.yaml": SHOP, "wiki/.infra.yaml": WIKI, "mail/.infra.yaml": MAIL}
    return write(folder, manifests, settings=SETTINGS, hosts=HOSTS)


def copy_of(applied: Path, folder: Path) -> Shell:
    """Copy a company with its account and its state, and return a shell in the copy."""
    shutil.copytree(applied, folder, symlinks=True, dirs_exist_ok=True)
    return Shell(folder / "company", folder / "account")


def configure(company: Shell, **settings: Any) -> None:
    """Set settings of the stack prod."""
    file = company.project / "stacks/Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"infra-apply:{key}": value for key, value in settings.items()}
    file.write_text(yaml.safe_dump(document))


def declare(company: Shell, project: str, content: Mapping[str, Any]) -> None:
    """Write a project's manifest anew."""
    (company.project / f"projects/{project}/.infra.yaml").write_text(yaml.safe_dump(dict(content)))


def remove(company: Shell, project: str) -> None:
    """Remove a project's manifest."""
    (company.project / f"projects/{project}/.infra.yaml").unlink()


def edit_account(company: Shell, change: Callable[[Any], None]) -> None:
    """Change the account as somebody in DigitalOcean's console would, also while it is served."""
    files = AccountFiles(company.account, {})
    with files.held():
        account = files.load()
        change(account)
        files.save(account)


def play(company: Shell, faults: str) -> tuple[str, str]:
    """Write a faults file and return the flags that play it."""
    (company.project / "faults.yaml").write_text(faults)
    return "--faults", "faults.yaml"


def requests(company: Shell) -> list[str]:
    """The requests that have reached the account so far: `GET /v2/droplets`."""
    file = company.account / "requests.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [f"{line['method']} {line['path']}" for line in map(json.loads, lines)]


def droplet(company: Shell, name: str) -> Any:
    """The only droplet of a name."""
    droplets = company.state_of_account()["droplets"]
    (named,) = [droplet for droplet in droplets if droplet["name"] == name]
    return named


def names(company: Shell) -> dict[str, list[str]]:
    """The droplets and firewalls, and the databases and users that somebody made."""
    account = company.state_of_account()
    (cluster,) = account["databases"]
    return {
        "droplets": sorted(droplet["name"] for droplet in account["droplets"]),
        "firewalls": sorted(firewall["name"] for firewall in account["firewalls"]),
        "databases": sorted(held["name"] for held in cluster["dbs"] if held["name"] != "defaultdb"),
        "users": sorted(user["name"] for user in cluster["users"] if user["name"] != "doadmin"),
    }


ONCE: Final[Mapping[str, list[str]]] = {
    "droplets": ["basil", "clove", "lime"],
    "firewalls": ["acme-basil", "acme-clove", "acme-lime"],
    "databases": ["shop", "wiki"],
    "users": ["shop", "wiki"],
}
"""What `names` says where each thing of the company was made once."""


def changes(answer: Any) -> set[tuple[str, str, str]]:
    """What a run did, or a preview would do: operation, type and name."""
    return {(step["op"], step["type"].rpartition(":")[2], step["name"]) for step in answer["steps"]}
