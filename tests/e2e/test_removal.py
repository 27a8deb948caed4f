"""What leaves the manifests goes only when it is retired; what moves or is renamed stays."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.conftest import PROGRAM, Shell

pytestmark = pytest.mark.engine

DATABASE = {"cluster": "shared-pg", "name": "shop", "user": "shop"}
SHOP = manifest("shop", service={"host": "lime", "port": 8080}, database=DATABASE)
WIKI = manifest("wiki", service={"host": "basil", "port": 8088}, depends_on=["shop"])


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    """Two hosts, a database, and all of it applied."""
    folder = write(
        tmp_path,
        {"shop/.infra.yaml": SHOP, "wiki/.infra.yaml": WIKI},
        settings={"network": {"ssh": []}},
    )
    applied = shell(folder)
    applied.json("up")
    return applied


def declare(company: Shell, project: str, content: Mapping[str, Any]) -> None:
    (company.project / f"projects/{project}/.infra.yaml").write_text(yaml.safe_dump(dict(content)))


def remove(company: Shell, project: str) -> None:
    (company.project / f"projects/{project}/.infra.yaml").unlink()


def configure(company: Shell, **settings: Any) -> None:
    file = company.project / "stacks/Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"infra-apply:{key}": value for key, value in settings.items()}
    file.write_text(yaml.safe_dump(document))


def names(company: Shell) -> tuple[list[str], list[str], list[str]]:
    """The droplets, and the databases and users that somebody made."""
    state = company.state_of_account()
    (cluster,) = state["databases"]
    return (
        sorted(droplet["name"] for droplet in state["droplets"]),
        sorted(held["name"] for held in cluster["dbs"] if held["name"] != "defaultdb"),
        sorted(user["name"] for user in cluster["users"] if user["name"] != "doadmin"),
    )


def methods(company: Shell) -> list[str]:
    """The requests so far that change something."""
    lines = (company.account / "requests.jsonl").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    return [
        f"{request['method']} {request['path']}"
        for request in requests
        if request["method"] != "GET"
    ]


def snapshots(company: Shell) -> list[str]:
    images = company.state_of_account()["images"]
    return [image["name"] for image in images if image["type"] == "snapshot"]


def kill_up_once_it_says(company: Shell, words: str) -> None:
    """Kill an update, and the simulated API with it, at a line of its stderr."""
    flags = ("--account", str(company.account), "--clock", "200")
    with subprocess.Popen(
        [str(PROGRAM), "rehearse", "up", *flags],
        cwd=company.project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = next((line for line in process.stderr if words in line), None)
        process.kill()
    assert said is not None


def test_a_missing_manifest_stops_every_way_of_applying_and_changes_nothing(
    company: Shell,
) -> None:
    before, sent = company.state_of_account(), methods(company)
    remove(company, "shop")
    declare(company, "wiki", {**WIKI, "depends_on": []})
    for done in (company.rehearse("up"), company.pulumi("pulumi up --yes --skip-preview 2>&1")):
        assert done.returncode != 0
        text = done.stdout + done.stderr
        assert "the host `lime` is in the state and no longer planned" in text
        assert "the database of `shop` is in the state and no longer planned" in text
        assert "last declared in projects/shop/.infra.yaml" in text
        assert "infra-apply:retired: {shop: keep}" in text
    assert (company.state_of_account(), methods(company)) == (before, sent)


def test_what_is_retired_and_kept_is_let_go_in_one_command_and_stays(company: Shell) -> None:
    before, sent = names(company), methods(company)
    remove(company, "shop")
    declare(company, "wiki", {**WIKI, "depends_on": []})
    configure(company, retired={"shop": "keep", "lime": "keep"})
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    words = r"lime: droplet \d+ at 203\.0\.113\.\d+ stays, and bills \$6\.00 a month"
    assert re.search(words, done.stderr)
    assert "shop: database shop with user shop on shared-pg stays" in done.stderr
    assert names(company) == before
    assert not [request for request in methods(company)[len(sent) :] if "DELETE" in request]
    assert set(company.json("up")["changes"]) == {"same"}


def test_what_is_retired_and_destroyed_goes_in_one_command_after_a_snapshot(
    company: Shell,
) -> None:
    remove(company, "shop")
    declare(company, "wiki", {**WIKI, "depends_on": []})
    configure(company, retired={"shop": "destroy", "lime": "destroy"})
    before = company.state_of_account()
    refused = company.rehearse("up")
    assert refused.returncode == 1
    assert "Database shop (" in refused.stderr and "Droplet lime (" not in refused.stderr
    assert "the newest backup of shared-pg is of 2026-01-15 10:00 UTC" in refused.stderr
    assert "--allow-delete 2" in refused.stderr
    assert company.state_of_account() == before
    done = company.json("up", "--allow-delete", "2")
    deleted = {step["type"].rpartition(":")[2] for step in done["steps"] if step["op"] == "delete"}
    assert deleted >= {"Droplet", "Firewall", "DatabaseDb", "DatabaseUser"}
    assert names(company) == (["basil"], [], [])
    (snapshot,) = snapshots(company)
    assert re.fullmatch(r"lime-retired-\d{8}-\d{4}", snapshot)
    assert set(company.json("up")["changes"]) == {"same"}


def test_a_service_moves_to_another_host_and_the_old_one_is_let_go_after(company: Shell) -> None:
    """And an update that is killed between its two runs is gone on with by the next one."""
    declare(company, "shop", {**SHOP, "service": {"host": "elm", "port": 8080}})
    (company.project / "mesh-hosts.json").write_text(
        json.dumps({"hosts": ["lime", "basil", "fennel", "elm"]})
    )
    refused = company.rehearse("up")
    assert refused.returncode == 1
    assert "the host `lime` is in the state and no longer planned" in refused.stderr
    configure(company, retired={"lime": "destroy"})
    kill_up_once_it_says(company, "is being taken")
    assert names(company) == (["basil", "elm", "lime"], ["shop"], ["shop"])
    gone = company.rehearse("up")
    assert gone.returncode == 0, gone.stderr
    assert names(company) == (["basil", "elm"], ["shop"], ["shop"])
    assert len(snapshots(company)) == 1
    assert set(company.json("up")["changes"]) == {"same"}


def test_a_database_is_renamed_on_the_cluster_and_then_adopted(company: Shell) -> None:
    declare(company, "shop", {**SHOP, "database": {**DATABASE, "name": "store"}})
    refused = company.rehearse("up")
    assert refused.returncode == 1
    assert "is to be called `store`: it would be made anew, and empty" in refused.stderr
    file = company.account / "account.json"
    state = json.loads(file.read_text())
    (held,) = [held for held in state["databases"][0]["dbs"] if held["name"] == "shop"]
    held["name"] = "store"
    file.write_text(json.dumps(state))
    configure(company, databases={"shared-pg": {"adopt": ["store"]}})
    sent = methods(company)
    done = company.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert names(company)[1] == ["store"]
    assert methods(company) == sent
    configure(company, databases={"shared-pg": {"adopt": []}})
    assert set(company.json("up")["changes"]) == {"same"}
