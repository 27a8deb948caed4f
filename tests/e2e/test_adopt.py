"""A company with servers made by hand comes under management without a purchase."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra_apply.rehearsal.simulator.account.messages import Request
from infra_apply.rehearsal.simulator.account.routes import handle
from infra_apply.rehearsal.simulator.seed.build import seed
from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine

NOW = 1768471200.0
SIZES = ("s-1vcpu-1gb", "s-2vcpu-4gb", "s-4vcpu-8gb")
REGIONS = ("nyc1", "nyc3", "ams3")
# What an adopted droplet has counts, and not what a new one would be made with.
SETTINGS = {"fleet": "acme", "droplet": {"size": "s-4vcpu-8gb", "region": "ams3"}}
HOSTS = tuple(f"host-{number}" for number in range(10))
BY_ADDRESS = HOSTS[7:]  # they are called otherwise, and only the mesh knows which ones they are


def account_made_by_hand(bystanders: tuple[str, ...] = ("somebody-elses",)) -> Any:
    """An account with a droplet for each host, of several sizes and in several regions."""
    state = seed(clusters=[("shared-pg", "pg")])
    for number, host in enumerate((*HOSTS, *bystanders)):
        body = {
            "name": f"old-{number}" if host in BY_ADDRESS else host,
            "region": REGIONS[number % 3],
            "size": SIZES[number % 3],
            "image": "ubuntu-22-04-x64",
            "tags": ["by-hand"],
        }
        state, answer = handle(state, Request("POST", "/v2/droplets", body=body), NOW)
        assert answer.status == 202, answer.body
    state, _ = handle(state, Request("GET", "/v2/droplets"), NOW + 3600)
    return state


def mesh_of(account: Any) -> dict[str, Any]:
    """The mesh, which knows the addresses of the droplets that are called otherwise."""
    entries: dict[str, Any] = {host: {"kind": "digitalocean"} for host in HOSTS}
    by_name = {droplet["name"]: droplet for droplet in account["droplets"]}
    for host in BY_ADDRESS:
        networks = by_name[f"old-{HOSTS.index(host)}"]["networks"]["v4"]
        public = next(network for network in networks if network["type"] == "public")
        entries[host]["address"] = public["ip_address"]
    return {"hosts": entries}


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Callable[[Mapping[str, Any]], Shell]:
    """Write a company, and the account that its servers were made in."""

    def make(manifests: Mapping[str, Any]) -> Shell:
        company_shell = shell(write(tmp_path, manifests, settings=SETTINGS))
        account = account_made_by_hand()
        company_shell.account.mkdir()
        (company_shell.account / "account.json").write_text(json.dumps(account))
        (company_shell.project / "mesh-hosts.json").write_text(json.dumps(mesh_of(account)))
        return company_shell

    return make


def without_tags(droplet: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in droplet.items() if key != "tags"}


def requests(shell: Shell, method: str, path: str) -> list[Any]:
    log = (shell.account / "requests.jsonl").read_text().splitlines()
    sent = [json.loads(line) for line in log]
    return [entry for entry in sent if (entry["method"], entry["path"]) == (method, path)]


def adopt(shell: Shell, *words: str) -> str:
    done = shell.run("adopt", "--stack", "prod", "--account", shell.account, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ten_servers_made_by_hand_come_under_management_without_a_purchase(
    company: Callable[[Mapping[str, Any]], Shell],
) -> None:
    manifests = {
        f"on-{host}/.infra.yaml": manifest(f"on-{host}", service={"host": host, "port": 8080})
        for host in HOSTS
    }
    made_here = {"cluster": "shared-pg", "name": "docs", "user": "docs"}
    manifests["docs/.infra.yaml"] = manifest("docs", provider="local", database=made_here)
    shell = company(manifests)
    before = shell.state_of_account()["droplets"]
    refused = shell.rehearse("up")
    assert refused.returncode == 1
    assert "adopt" in refused.stderr
    assert "wrote 10 hosts" in adopt(shell, "--write")
    assert shell.json("up")["changes"]["import"] == len(HOSTS)
    after = shell.state_of_account()["droplets"]
    assert requests(shell, "POST", "/v2/droplets") == []
    assert [*map(without_tags, after)] == [*map(without_tags, before)]
    assert after[-1] == before[-1], "a droplet of nobody's host is as it was"
    assert all({"by-hand", "infra-apply:acme:prod"} <= {*live["tags"]} for live in after[:-1])
    assert set(shell.json("preview")["changes"]) == {"same"}
    assert "nothing is proposed" in adopt(shell), "what the stack made itself is in its state"


def test_databases_and_users_made_by_hand_come_under_management(
    company: Callable[[Mapping[str, Any]], Shell],
) -> None:
    names = ("shop", "wiki", "till")
    manifests = {
        f"{name}/.infra.yaml": manifest(
            name, database={"cluster": "shared-pg", "name": name, "user": name}
        )
        for name in names
    }
    shell = company(manifests)
    account = shell.state_of_account()
    cluster = account["databases"][0]
    cluster["dbs"] += [{"name": "shop"}, {"name": "wiki"}]
    cluster["users"] += [
        {"name": name, "role": "normal", "password": f"AVNS_{name}"} for name in ("shop", "till")
    ]
    (shell.account / "account.json").write_text(json.dumps(account))
    assert "wrote 3 databases and users" in adopt(shell, "--write")
    assert shell.json("up")["changes"]["import"] == 4
    after = shell.state_of_account()["databases"][0]
    assert [member["name"] for member in after["dbs"]] == ["defaultdb", "shop", "wiki", "till"]
    assert sorted(member["name"] for member in after["users"]) == [
        "doadmin", "shop", "till", "wiki",
    ]  # fmt: skip
    passwords = {member["name"]: member["password"] for member in after["users"]}
    assert (passwords["shop"], passwords["till"]) == ("AVNS_shop", "AVNS_till")
    assert set(shell.json("preview")["changes"]) == {"same"}
