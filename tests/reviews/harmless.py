"""Edits without an effect on what would be done: the approval should stay."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias

import yaml

from tests.reviews.account_edits import JSON, AccountEdit, post, post_droplet
from tests.reviews.companies import Company, add_to_mesh, mesh_file, stack_file

FileEdit: TypeAlias = Callable[[Random, Company, Path], bool]


def comments(rng: Random, _company: Company, project: Path) -> bool:
    for file in _yaml_files(project):
        lines = file.read_text().splitlines()
        lines.insert(rng.randint(0, len(lines)), "# agreed on Monday")
        file.write_text("# what runs here\n" + "\n".join(lines) + "\n")
    return True


def key_order(rng: Random, _company: Company, project: Path) -> bool:
    for file in _yaml_files(project):
        document = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump(_shuffled(rng, document), sort_keys=False))
    return True


def layout(rng: Random, _company: Company, project: Path) -> bool:
    """Flow style, quotes, blank lines, and a mark of the byte order."""
    for file in _yaml_files(project):
        document = yaml.safe_load(file.read_text())
        text = yaml.safe_dump(
            document, default_flow_style=rng.random() < 0.5, default_style='"', width=30
        )
        # A style of quotes makes `!!int "80"` of numbers, which the convention does not allow.
        if "!!" in text:
            text = yaml.safe_dump(document, default_flow_style=True, indent=6, width=20)
        file.write_text("\n\n" + text + "\n\n")
    return True


def list_order(_rng: Random, _company: Company, project: Path) -> bool:
    """Turn round the lists whose order means nothing: dependencies, and ranges of addresses."""
    changed = False
    for file in _yaml_files(project):
        document = yaml.safe_load(file.read_text())
        lists = [
            document.get("depends_on"),
            document.get("config", {}).get("infra-apply:network", {}).get("ssh"),
        ]
        for values in lists:
            if values and len(values) > 1:
                values.reverse()
                changed = True
        file.write_text(yaml.safe_dump(document))
    return changed


def remarks(rng: Random, company: Company, project: Path) -> bool:
    """Keys of a manifest of which nothing is made: unit, runtime, and the environment it has."""
    name = rng.choice(company.projects)
    edited = company.copy().manifests[name]
    key, value = rng.choice(
        [("systemd_unit", f"{name}-web.service"), ("runtime", "python"), ("environment", "prod")]
    )
    if key == "environment":
        edited[key] = value
    else:
        edited["service"][key] = value
    file = project / "projects" / name / ".infra.yaml"
    file.write_text(yaml.safe_dump(edited))
    return True


def defaults(rng: Random, company: Company, project: Path) -> bool:
    """Settings written as they are where nobody writes them."""
    edited = company.copy().settings
    droplet = edited.get("droplet", {})
    host = edited.get("hosts", {}).get(company.hosts[0], {})
    written = [
        (target, name, value)
        for target, name, value in (
            (droplet, "region", "nyc3"),
            (droplet, "size", "s-1vcpu-1gb"),
            (droplet, "image", "ubuntu-24-04-x64"),
            (droplet, "backups", False),
            (host, "protect", True),
            (host, "create", False),
            (host, "resizeDisk", False),
            (edited, "environment", "prod"),
            (edited, "external", {"payments": "https://payments.example.com"}),
        )
        if name not in target
    ]
    if not written:
        return False
    target, name, value = rng.choice(written)
    target[name] = value
    edited.setdefault("droplet", droplet)
    edited.setdefault("hosts", {}).setdefault(company.hosts[0], host)
    _write_settings(project, edited)
    return True


def folder_moved(_rng: Random, _company: Company, project: Path) -> bool:
    (project / "projects").rename(project / "code")
    _write_projects(project, ["code/*"])
    return True


def other_glob(rng: Random, company: Company, project: Path) -> bool:
    named = [f"projects/{name}" for name in company.manifests]
    patterns = rng.choice([named, ["projects/[a-z]*"], ["./projects/*/"], ["projects/**"]])
    _write_projects(project, patterns)
    return True


def other_files(_rng: Random, _company: Company, project: Path) -> bool:
    """A folder without a manifest, and files that nobody reads."""
    for name in ("projects/notes/readme.md", "projects/shop/main.py", "todo.txt"):
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("nothing of interest\n")
    return True


def mesh_edited(_rng: Random, _company: Company, project: Path) -> bool:
    add_to_mesh(project, "zinnia")
    return True


def mesh_shape(_rng: Random, _company: Company, project: Path) -> bool:
    file = mesh_file(project)
    hosts = json.loads(file.read_text())["hosts"]
    file.write_text(json.dumps({"hosts": [{"name": host} for host in reversed(hosts)]}))
    return True


def commit(_rng: Random, _company: Company, project: Path) -> bool:
    """A commit that holds everything, by somebody else."""
    git(project, "commit", "--quiet", "--allow-empty", "--message", "something else")
    return True


def git(project: Path, *words: str) -> None:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", "-C", project, *who, *words], check=True, capture_output=True)


def other_droplet(rng: Random, company: Company, account: JSON) -> bool:
    return post_droplet(account, f"{rng.choice(company.hosts)}-two", tags=["hand-made"])


def other_tag(rng: Random, _company: Company, account: JSON) -> bool:
    """Somebody's tag on a droplet of ours."""
    ours = [
        droplet
        for droplet in account["droplets"]
        if any(tag.startswith("infra-apply-host:") for tag in droplet["tags"])
    ]
    if not ours:
        return False
    post(account, "tags", {"name": "watched"})
    chosen = rng.choice(ours)["id"]
    for droplet in account["droplets"]:
        if droplet["id"] == chosen:
            droplet["tags"] = sorted({*droplet["tags"], "watched"})
    return True


def other_members(rng: Random, _company: Company, account: JSON) -> bool:
    if not account["databases"]:
        return False
    members = f"databases/{rng.choice(account['databases'])['id']}"
    return post(account, f"{members}/dbs", {"name": "reports"}) and post(
        account, f"{members}/users", {"name": "reports"}
    )


def other_firewall(_rng: Random, _company: Company, account: JSON) -> bool:
    post(account, "tags", {"name": "hand-made"})
    rule = {"protocol": "tcp", "ports": "443", "sources": {"addresses": ["0.0.0.0/0"]}}
    return post(
        account, "firewalls", {"name": "web", "inbound_rules": [rule], "tags": ["hand-made"]}
    )


def other_key(_rng: Random, _company: Company, account: JSON) -> bool:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5bbbb new"
    return post(account, "account/keys", {"name": "new", "public_key": key})


def _yaml_files(project: Path) -> Iterator[Path]:
    yield from sorted((project / "projects").glob("*/.infra.yaml"))
    yield stack_file(project)


def _shuffled(rng: Random, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    names = rng.sample(list(value), len(value))
    return {name: _shuffled(rng, value[name]) for name in names}


def _write_settings(project: Path, settings: Mapping[str, Any]) -> None:
    file = stack_file(project)
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"infra-apply:{name}": value for name, value in settings.items()}
    file.write_text(yaml.safe_dump(document))


def _write_projects(project: Path, patterns: list[str]) -> None:
    _write_settings(project, {"projects": patterns})


FILE_EDITS: Final[Mapping[str, FileEdit]] = {
    "comments": comments,
    "order of keys": key_order,
    "layout": layout,
    "order of lists": list_order,
    "remarks in a manifest": remarks,
    "defaults written": defaults,
    "folder of projects moved": folder_moved,
    "another glob": other_glob,
    "files that nobody reads": other_files,
    "host of the mesh without services": mesh_edited,
    "shape of the mesh": mesh_shape,
    "a commit": commit,
}
BYSTANDERS: Final[dict[str, AccountEdit]] = {
    "another's droplet": other_droplet,
    "another's tag on our droplet": other_tag,
    "another's database": other_members,
    "another's firewall": other_firewall,
    "another's ssh key": other_key,
}
