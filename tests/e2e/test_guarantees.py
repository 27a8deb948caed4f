"""Nothing is lost and nothing doubled, whatever strangers, copies and partial checkouts do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.conftest import PROGRAM, Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

SETTINGS = {"network": {"ssh": ["198.51.100.0/24"]}, "fleet": "acme"}
WIKI = manifest(
    "wiki",
    service={"host": "lime", "port": 8081},
    database={"cluster": "shared-pg", "name": "wiki", "user": "wiki"},
)
STATE = "engine/state/.pulumi/stacks/infra-apply/prod.json"
CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    return shell(write(tmp_path, {"wiki/.infra.yaml": WIKI}, settings=SETTINGS))


def configure(company: Shell, **settings: Any) -> None:
    file = company.project / "stacks/Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"infra-apply:{key}": value for key, value in settings.items()}
    file.write_text(yaml.safe_dump(document))


def edit(company: Shell, change: Callable[[Any], None]) -> None:
    """Change the account as somebody in DigitalOcean's console would."""
    account = company.state_of_account()
    change(account)
    (company.account / "account.json").write_text(json.dumps(account))


def requests(company: Shell, method: str, path: str) -> int:
    file = company.account / "requests.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return sum((line["method"], line["path"]) == (method, path) for line in lines)


def resources(company: Shell) -> Any:
    latest = json.loads((company.account / STATE).read_text())["checkpoint"]["latest"]
    return latest["resources"]


def up_while(company: Shell, path: str, change: Callable[[Any], None]) -> tuple[int, str]:
    """Run `up`, and change the account while a POST to a path is not answered yet."""
    slow = f"[{{method: POST, path: '{path}', when: after, delay: 4}}]"
    (company.project / "faults.yaml").write_text(slow)
    flags = ("--account", company.account, "--clock", "200", "--faults", "faults.yaml")
    process = subprocess.Popen(
        [PROGRAM, "rehearse", "up", *flags],
        cwd=company.project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    account = company.account / "account.json"

    def has_begun() -> bool:
        held = json.loads(account.read_text()) if account.exists() else {}
        users = [user for cluster in held.get("databases", ()) for user in cluster["users"]]
        return bool(held.get("tags")) if path == "/v2/tags" else len(users) > 1

    while not has_begun():
        assert process.poll() is None, process.communicate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    edit(company, change)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def take_database(account: Any) -> None:
    account["databases"][0]["dbs"].append({"name": "wiki"})


def databases(company: Shell) -> list[str]:
    return [held["name"] for held in company.state_of_account()["databases"][0]["dbs"]]


def test_a_database_that_a_stranger_makes_meanwhile_is_not_taken_over_until_it_is_adopted(
    company: Shell,
) -> None:
    path = f"/v2/databases/{CLUSTER}"
    code, output = up_while(company, f"{path}/users", take_database)
    assert code == 1, output
    assert "Database wiki on shared-pg: " in output
    assert requests(company, "POST", f"{path}/dbs") == 1  # it does not go on by itself
    for verb in ("preview", "up"):
        refused = company.rehearse(verb)
        assert refused.returncode == 1, refused.stderr
        assert "Database wiki on shared-pg: `wiki` was somebody else's" in refused.stderr
        assert "infra-apply:databases: {shared-pg: {adopt: [wiki]}}" in refused.stderr
    assert databases(company) == ["defaultdb", "wiki"]
    assert requests(company, "POST", f"{path}/dbs") == 1
    plain = company.pulumi("pulumi preview 2>&1")  # it warns, and cannot tell
    assert plain.returncode == 0, plain.stdout
    assert "warning[IA910]: the database `wiki` on `shared-pg`" in plain.stdout
    configure(company, databases={"shared-pg": {"adopt": ["wiki"]}})
    adopted = company.rehearse("up")
    assert adopted.returncode == 0, adopted.stderr
    assert company.json("up")["steps"] == []
    configure(company, databases={"shared-pg": {"adopt": []}})
    assert company.json("up")["steps"] == []  # it is ours now, and nothing is kept against it


def test_a_firewall_that_a_stranger_makes_meanwhile_is_left_as_it_is_until_its_name_is_free(
    company: Shell,
) -> None:
    def take_firewall(account: Any) -> None:
        rule = {"protocol": "tcp", "ports": "9100", "sources": {"addresses": ["192.0.2.7/32"]}}
        strangers = {
            "id": "ffff0001-0000-4000-8000-000000000001",
            "name": "lime",
            "status": "succeeded",
            "created_at": "2026-11-25T10:00:00Z",
            "inbound_rules": [rule],
            "outbound_rules": [],
            "droplet_ids": [],
            "tags": [account["tags"][0]["name"]],
            "pending_changes": [],
        }
        account["firewalls"].append(strangers)

    code, output = up_while(company, "/v2/tags", take_firewall)
    assert code == 1, output
    assert "Firewall lime: " in output
    before = company.state_of_account()["firewalls"]
    refused = company.rehearse("up")
    assert refused.returncode == 1, refused.stderr
    assert "Firewall lime: `lime` was somebody else's" in refused.stderr
    assert company.state_of_account()["firewalls"] == before
    edit(company, lambda account: account["firewalls"][0].update(name="theirs"))
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert [held["name"] for held in company.state_of_account()["firewalls"]] == ["theirs", "lime"]
