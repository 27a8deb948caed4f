"""Rare endings of a run of `infra-apply up`, each of which it has to bring to the right end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

COMPANY = {
    "wiki/.infra.yaml": manifest(
        "wiki",
        service={"host": "lime", "port": 8081},
        database={"cluster": "shared-pg", "name": "wiki", "user": "wiki"},
    )
}
SETTINGS = {"network": {"ssh": ["198.51.100.0/24"]}, "fleet": "acme"}


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    return shell(write(tmp_path, COMPANY, settings=SETTINGS))


def faults(company: Shell, *played: dict[str, Any]) -> tuple[str, str]:
    """Write a faults file and return the flags that play it."""
    (company.project / "faults.yaml").write_text(yaml.safe_dump(list(played)))
    return "--faults", "faults.yaml"


def retire(company: Shell, **fates: str) -> None:
    """Take wiki with its host out of the manifests, each with its fate."""
    (company.project / "projects/wiki/.infra.yaml").unlink(missing_ok=True)
    file = company.project / "stacks/Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"]["infra-apply:retired"] = fates
    file.write_text(yaml.safe_dump(document))


def posts(company: Shell) -> Counter[str]:
    """Count the requests that made something, by the last part of their path."""
    lines = (company.account / "requests.jsonl").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    return Counter(
        request["path"].rpartition("/")[2] for request in requests if request["method"] == "POST"
    )


def test_what_is_404_when_it_is_read_back_is_looked_for_and_taken_over_by_the_same_run(
    company: Shell,
) -> None:
    # A droplet is waited for, and a database user is not read back. The database is 404 once more
    # when it is to be imported.
    paths = {"droplets/*": 1, "firewalls/*": 1, "databases/*/dbs/*": 2, "databases/*/users/*": 1}
    missing = [
        {"method": "GET", "path": f"/v2/{path}", "status": 404, "times": times}
        for path, times in paths.items()
    ]
    done = company.rehearse("up", *faults(company, *missing), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "looking whether it was made" in done.stderr
    assert "404 for what was just made" in done.stderr
    # The engine stops at the first of them, or comes to the other while it still runs.
    assert json.loads(done.stdout)["changes"]["import"] in {1, 2}
    made = posts(company)
    assert [made[kind] for kind in ("droplets", "firewalls", "dbs", "users")] == [1, 1, 1, 1]
    account = company.state_of_account()
    assert [droplet["name"] for droplet in account["droplets"]] == ["lime"]
    assert [firewall["name"] for firewall in account["firewalls"]] == ["acme-lime"]
    assert company.json("up")["steps"] == []


def test_a_reviewed_retirement_is_done_to_its_end_and_nothing_but_that(company: Shell) -> None:
    company.json("up")
    retire(company, wiki="destroy", lime="destroy")
    reviewed = company.rehearse("preview", "--allow-delete", "2", "--save", "reviewed.json")
    assert reviewed.returncode == 0, reviewed.stderr
    assert "this lifts the protection, then applies once more by itself" in reviewed.stderr
    assert "the update then applies once more by itself: that destroys it" in reviewed.stderr
    assert "up --account" in reviewed.stderr
    assert "--allow-delete 2 --plan reviewed.json" in reviewed.stderr
    up = ("up", "--allow-delete", "2", "--plan", "reviewed.json")
    unseen = company.rehearse(*up, "--no-snapshot")
    assert unseen.returncode == 2, unseen.stderr
    before = company.state_of_account()
    retire(company, wiki="destroy", lime="keep")
    refused = company.rehearse(*up)
    assert refused.returncode == 1, refused.stderr
    assert "Droplet lime: destroy was reviewed, and it is keep" in refused.stderr
    assert company.state_of_account() == before
    retire(company, wiki="destroy", lime="destroy")
    done = company.rehearse(*up)
    assert done.returncode == 0, done.stderr
    account = company.state_of_account()
    assert account["droplets"] == [] and account["firewalls"] == []
    assert [image["type"] for image in account["images"]].count("snapshot") == 1
    again = company.rehearse(*up)
    assert again.returncode == 0, again.stderr
