"""Nothing is lost and nothing doubled, whatever strangers, copies and partial checkouts do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.company import SETTINGS_KEPT, changes, edit_account
from tests.e2e.shell import Shell

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


def requests(company: Shell, method: str, path: str) -> int:
    file = company.account / "requests.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return sum((line["method"], line["path"]) == (method, path) for line in lines)


def resources(company: Shell) -> Any:
    """What the state holds, without what a refresh reads and the engine writes down of itself.

    In the order of the URNs: the engine's own differs from one refresh to the next.
    """
    latest = json.loads((company.account / STATE).read_text())["checkpoint"]["latest"]
    kept = ("urn", "id", "parent", "protect", "retainOnDelete")
    held_by_urn = sorted(latest["resources"], key=lambda held: str(held["urn"]))
    return [
        {key: held.get(key) for key in kept}
        | {key: value for key, value in held.get("inputs", {}).items() if key in _TELLING}
        for held in held_by_urn
    ]


_TELLING = {"name", "size", "region", "tags", "clusterId", "user", "host"}


def up_while(company: Shell, path: str, change: Callable[[Any], None]) -> tuple[int, str]:
    """Run `up`, and change the account while a POST to a path is not answered yet."""
    slow = f"[{{method: POST, path: '{path}', when: after, delay: 4}}]"
    (company.project / "faults.yaml").write_text(slow)
    process = company.start("up", "--faults", "faults.yaml")
    account = company.account / "account.json"

    def has_begun() -> bool:
        held = json.loads(account.read_text()) if account.exists() else {}
        users = [user for cluster in held.get("databases", ()) for user in cluster["users"]]
        return bool(held.get("tags")) if path == "/v2/tags" else len(users) > 1

    while not has_begun():
        assert process.poll() is None, process.communicate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    edit_account(company, change)
    stdout, stderr = process.communicate(timeout=300)
    return process.returncode, stdout + stderr


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
    # It is ours now, and nothing is kept against it.
    assert changes(company.json("up")) == SETTINGS_KEPT
    assert company.json("up")["steps"] == []


def test_a_firewall_that_a_stranger_makes_meanwhile_is_left_as_it_is_until_its_name_is_free(
    company: Shell,
) -> None:
    def take_firewall(account: Any) -> None:
        rule = {"protocol": "tcp", "ports": "9100", "sources": {"addresses": ["192.0.2.7/32"]}}
        strangers = {
            "id": "ffff0001-0000-4000-8000-000000000001",
            "name": "acme-lime",
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
    assert "Firewall lime: `acme-lime` was somebody else's" in refused.stderr
    assert company.state_of_account()["firewalls"] == before
    edit_account(company, lambda account: account["firewalls"][0].update(name="theirs"))
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert [held["name"] for held in company.state_of_account()["firewalls"]] == [
        "theirs",
        "acme-lime",
    ]


SHOP = manifest(
    "shop",
    service={"host": "lime", "port": 8080},
    database={"cluster": "shared-pg", "name": "shop", "user": "shop"},
)
CALLER = manifest("wiki", service={"host": "basil", "port": 8088}, depends_on=["shop"])
PLAIN = "pulumi up --yes --skip-preview 2>&1"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company whose two hosts and database are applied."""
    folder = tmp_path_factory.mktemp("applied")
    projects = {"shop/.infra.yaml": SHOP, "wiki/.infra.yaml": CALLER}
    Shell(write(folder, projects, settings=SETTINGS), folder / "account").json("up")
    return folder


@pytest.fixture
def fleet(applied: Path, tmp_path: Path) -> Shell:
    """A copy of the applied company, its account and its state."""
    folder = tmp_path / "fleet"
    shutil.copytree(applied, folder, symlinks=True)
    return Shell(folder / "company", folder / "account")


def refuse_everywhere(fleet: Shell, words: str) -> None:
    """See that every way of applying refuses with these words, and touches nothing."""
    before = (fleet.account / "account.json").read_bytes(), resources(fleet)
    for done in (fleet.rehearse("up"), fleet.rehearse("preview"), fleet.pulumi(PLAIN)):
        assert done.returncode != 0
        assert words in " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in done.stdout + done.stderr
    assert ((fleet.account / "account.json").read_bytes(), resources(fleet)) == before


def copy_lime(account: Any) -> None:
    """Restore a copy of a droplet from its backup: it has the same name and tags."""
    lime = next(droplet for droplet in account["droplets"] if droplet["name"] == "lime")
    account["droplets"].append({**lime, "id": 4242})


def lose_lime(account: Any) -> None:
    account["droplets"] = [
        droplet
        for droplet in account["droplets"]
        if droplet["name"] != "lime" or droplet["id"] == 4242
    ]


def test_a_restored_copy_beside_its_original_destroys_and_swaps_nothing(fleet: Shell) -> None:
    edit_account(fleet, copy_lime)
    refuse_everywhere(fleet, "`lime` is several droplets, all of this stack")


def test_a_restored_copy_of_a_droplet_that_is_gone_is_taken_only_where_somebody_says_so(
    fleet: Shell,
) -> None:
    edit_account(fleet, copy_lime)
    edit_account(fleet, lose_lime)
    before = fleet.state_of_account(), resources(fleet)
    for verb in ("up", "preview", "up"):
        refused = fleet.rehearse(verb)
        assert refused.returncode == 1
        assert "write `lime: {adopt: 4242, firewall: managed}` in `hosts`" in refused.stderr
    assert (fleet.state_of_account(), resources(fleet)) == before
    configure(fleet, hosts={"lime": {"adopt": 4242, "firewall": "managed"}})
    adopted = fleet.rehearse("up")
    assert adopted.returncode == 0, adopted.stderr
    names = sorted((held["name"], held["id"]) for held in fleet.state_of_account()["droplets"])
    assert [name for name, _ in names] == ["basil", "lime"]
    assert dict(names)["lime"] == 4242


def test_plain_pulumi_refuses_the_copy_of_a_droplet_that_is_gone_however_often_it_is_run(
    fleet: Shell,
) -> None:
    edit_account(fleet, copy_lime)
    edit_account(fleet, lose_lime)
    before = fleet.state_of_account()
    for _ in range(2):  # the refresh of the first one takes the original out of the state
        refused = fleet.pulumi(PLAIN)
        assert refused.returncode != 0
        assert "write `lime: {adopt: 4242, firewall: managed}` in `hosts`" in refused.stdout
    assert fleet.state_of_account() == before


def remove(fleet: Shell, project: str) -> None:
    shutil.rmtree(fleet.project / "projects" / project)


def remove_a_folder_that_is_named(fleet: Shell) -> None:
    configure(fleet, projects=["projects/shop", "projects/wiki"])
    remove(fleet, "wiki")


def empty_a_folder_that_is_named(fleet: Shell) -> None:
    configure(fleet, projects=["projects/shop", "projects/wiki"])
    (fleet.project / "projects/wiki/.infra.yaml").unlink()


def remove_a_folder_of_a_glob(fleet: Shell) -> None:
    remove(fleet, "wiki")


def match_less(fleet: Shell) -> None:
    configure(fleet, projects=["projects/s*"])


def match_nothing(fleet: Shell) -> None:
    configure(fleet, projects=["elsewhere/*"])


GONE = "the host `basil` is in the state and no longer planned"


@pytest.mark.parametrize(
    ("lose", "words"),
    [
        (remove_a_folder_that_is_named, "projects/wiki"),
        (empty_a_folder_that_is_named, GONE),
        (remove_a_folder_of_a_glob, GONE),
        (match_less, GONE),
        (match_nothing, "elsewhere/*"),
    ],
)
def test_a_partial_checkout_deletes_replaces_closes_and_forgets_nothing(
    fleet: Shell, lose: Callable[[Shell], None], words: str
) -> None:
    lose(fleet)
    refuse_everywhere(fleet, words)


def test_a_project_that_is_checked_out_again_changes_nothing(fleet: Shell) -> None:
    remove(fleet, "wiki")
    assert fleet.rehearse("up").returncode == 1
    write(fleet.project.parent, {"wiki/.infra.yaml": CALLER}, settings=SETTINGS)
    assert fleet.json("up")["steps"] == []
