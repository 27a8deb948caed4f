"""What leaves the manifests goes only when it is retired; what moves or is renamed stays."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.companies import manifest
from tests.e2e.company import (
    DATABASE,
    HOSTS,
    ONCE,
    SETTINGS_KEPT,
    SHOP,
    changes,
    configure,
    declare,
    edit_account,
    names,
    remove,
    requests,
)
from tests.e2e.shell import Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def sent(company: Shell) -> list[str]:
    """The requests so far that change something."""
    return [request for request in requests(company) if not request.startswith("GET ")]


def snapshots(company: Shell) -> list[str]:
    images = company.state_of_account()["images"]
    return [image["name"] for image in images if image["type"] == "snapshot"]


def kill_up_once_it_says(company: Shell, words: str) -> None:
    """Kill an update, and the simulated API with it, at a line of its stderr."""
    with company.start("up") as process:
        assert process.stderr is not None
        said = next((line for line in process.stderr if words in line), None)
        process.kill()
    assert said is not None


def test_what_is_retired_is_let_go_in_one_command_and_stays_or_goes_after_a_snapshot(
    applied: Shell,
) -> None:
    remove(applied, "shop")
    declare(applied, "wiki", manifest("wiki", provider="local"))
    fates = {"shop": "destroy", "lime": "destroy", "wiki": "keep", "basil": "keep"}
    configure(applied, retired=fates)
    before, sent_before = applied.state_of_account(), sent(applied)
    for verb in ("preview", "up"):
        refused = applied.rehearse(verb)
        assert refused.returncode == 1, refused.stderr
        assert "Database shop (" in refused.stderr
        assert "Database user shop (" in refused.stderr
        assert "Droplet lime (" not in refused.stderr
        assert "would be deleted: nothing declares it any more" in refused.stderr
        assert "the newest backup of shared-pg is of 2026-01-15 10:00 UTC" in refused.stderr
        assert "--allow-delete 2" in refused.stderr
    assert (applied.state_of_account(), sent(applied)) == (before, sent_before)
    done = applied.rehearse("up", "--allow-delete", "2")
    assert done.returncode == 0, done.stderr
    bills = r"basil: droplet \d+ at 203\.0\.113\.\d+ stays, and bills \$6\.00 a month"
    assert re.search(bills, done.stderr)
    assert "wiki: database wiki with user wiki on shared-pg stays" in done.stderr
    assert "16 deleted" in done.stdout  # the components are counted, as pulumi counts them
    left = {"databases": ["wiki"], "users": ["wiki"]}
    assert names(applied) == {
        "droplets": ["basil", "clove"],
        "firewalls": ["acme-basil", "acme-clove"],
        **left,
    }
    assert sum("DELETE" in request for request in sent(applied)[len(sent_before) :]) == 4
    (snapshot,) = snapshots(applied)
    assert re.fullmatch(r"lime-retired-\d{8}-\d{4}", snapshot)
    assert changes(applied.json("preview")) == set()


def test_a_service_moves_to_another_host_and_the_old_one_is_let_go_after(applied: Shell) -> None:
    """And an update that is killed between its two runs is gone on with by the next one."""
    declare(applied, "shop", {**SHOP, "service": {"host": "elm", "port": 8080}})
    (applied.project / "mesh-hosts.json").write_text(json.dumps({"hosts": [*HOSTS, "elm"]}))
    refused = applied.rehearse("up")
    assert refused.returncode == 1
    assert "the host `lime` is in the state and no longer planned" in refused.stderr
    configure(applied, retired={"lime": "destroy"})
    kill_up_once_it_says(applied, "is being taken")
    assert names(applied)["droplets"] == ["basil", "clove", "elm", "lime"]
    gone = applied.rehearse("up")
    assert gone.returncode == 0, gone.stderr
    hosts = ["basil", "clove", "elm"]
    left = {"droplets": hosts, "firewalls": [f"acme-{host}" for host in hosts]}
    assert names(applied) == {**ONCE, **left}
    assert len(snapshots(applied)) == 1
    assert changes(applied.json("preview")) == set()


def test_a_database_is_renamed_on_the_cluster_and_then_adopted(applied: Shell) -> None:
    declare(applied, "shop", {**SHOP, "database": {**DATABASE, "name": "store"}})
    refused = applied.rehearse("up")
    assert refused.returncode == 1
    assert "is to be called `store`: it would be made anew, and empty" in refused.stderr

    def rename(account: Any) -> None:
        (held,) = [held for held in account["databases"][0]["dbs"] if held["name"] == "shop"]
        held["name"] = "store"

    edit_account(applied, rename)
    configure(applied, databases={"shared-pg": {"adopt": ["store"]}})
    sent_before = sent(applied)
    done = applied.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert names(applied)["databases"] == ["store", "wiki"]
    assert sent(applied) == sent_before
    configure(applied, databases={"shared-pg": {"adopt": []}})
    assert changes(applied.json("preview")) == SETTINGS_KEPT
