"""The whole life of a fleet: applied, unchanged, edited, drifted, healed, refused, ended."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.company import (
    SETTINGS,
    STATE,
    WIKI,
    changes,
    copy_of,
    declare,
    droplet,
    edit_account,
    names,
    write_company,
)
from tests.e2e.shell import PLAIN_UP, Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_a_second_up_changes_nothing_a_refresh_neither_and_an_edit_only_what_it_names(
    applied: Shell,
) -> None:
    assert changes(applied.json("up")) == set()
    assert applied.json("refresh")["ok"]
    declare(applied, "wiki", {**WIKI, "depends_on": []})
    assert changes(applied.json("preview")) == {
        ("update", "Firewall", "lime"),
        ("update", "Host", "lime"),
    }


def random_company() -> dict[str, Any]:
    """Services on two droplets and a mac, who call each other at random; some with a pool."""
    rng = random.Random(1)  # noqa: S311 - a company, not a secret
    names = ["game", *(f"service-{number}" for number in range(11))]
    made = {}
    for port, name in enumerate(names, 8000):
        host = rng.choice(["lime", "basil", "fennel"])
        keys: dict[str, Any] = {"service": {"host": host, "port": port}}
        keys["provider"] = "mac" if host == "fennel" else "digitalocean"
        keys["depends_on"] = [other for other in names if other != name and rng.random() < 0.3]
        if rng.random() < 0.3:
            keys["gpu"] = {"mode": "on-demand", "droplet": "box"}
        made[f"{name}/.infra.yaml"] = manifest(name, **keys)
    return made


def test_the_firewalls_are_what_the_plan_says_of_access(
    tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    settings = {
        "network": {**SETTINGS["network"], "public": {"game": None}},
        "gpu": {"profiles": {"box": {"size": "gpu-l40sx1-48gb", "image": "12345"}}},
    }
    company = shell(write(tmp_path, random_company(), settings={**SETTINGS, **settings}))
    planned = json.loads(company.run("plan", "--format", "json").stdout)
    pools = {pool["project"] for pool in planned["pools"]}
    done = company.pulumi(PLAIN_UP)
    assert done.returncode == 0, done.stdout
    firewalls = {firewall["name"]: firewall for firewall in company.state_of_account()["firewalls"]}
    assert {f"acme-{name}-gpu" for name in pools} <= firewalls.keys()
    for entry in planned["access"]:
        rules = {
            rule["ports"]: rule for rule in firewalls[f"acme-{entry['host']}"]["inbound_rules"]
        }
        assert rules["22"]["sources"] == {"addresses": ["198.51.100.0/24"]}
        sources = rules.get(str(entry["port"]), {}).get("sources", {})
        if entry["public"]:
            assert sources == {"addresses": ["0.0.0.0/0", "::/0"]}
            continue
        callers = {
            f"infra-apply-host:acme:{dependent['host']}"
            for dependent in entry["from"]
            if dependent["host"] != "fennel"
        }
        callers |= {
            f"infra-apply-pool:acme:{dependent['project']}"
            for dependent in entry["from"]
            if dependent["project"] in pools
        }
        assert set(sources.get("tags", [])) == callers
        assert "addresses" not in sources


@dataclass(frozen=True, slots=True)
class Drifted:
    """A company that was changed behind its back: what a preview says, and after an `up` the next.

    basil is deleted, lime has lost one of our tags and got one of another team's and a firewall
    that was not made here, and clove was made larger.
    """

    company: Shell
    shown: Any
    afterwards: Any

    @property
    def said(self) -> str:
        return " ".join(message["message"] for message in self.shown["messages"])


@pytest.fixture(scope="module")
def drifted(applied_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Drifted:
    company = copy_of(applied_folder, tmp_path_factory.mktemp("drifted"))
    for change in (delete_basil, retag_lime, put_a_foreign_firewall_on_lime, enlarge_clove):
        edit_account(company, change)
    shown = company.json("preview")
    company.json("up")
    return Drifted(company, shown, company.json("preview"))


def delete_basil(account: Any) -> None:
    account["droplets"] = [live for live in account["droplets"] if live["name"] != "basil"]


def retag_lime(account: Any) -> None:
    (lime,) = [live for live in account["droplets"] if live["name"] == "lime"]
    lime["tags"] = [tag for tag in lime["tags"] if tag != "project:shop"] + ["team:web"]
    account["tags"].append({**account["tags"][0], "name": "team:web"})


def put_a_foreign_firewall_on_lime(account: Any) -> None:
    (lime,) = [live for live in account["droplets"] if live["name"] == "lime"]
    foreign = {**account["firewalls"][0], "id": "f-1", "name": "old-door", "tags": []}
    account["firewalls"].append({**foreign, "droplet_ids": [lime["id"]]})


def enlarge_clove(account: Any) -> None:
    (larger,) = [size for size in account["sizes"] if size["slug"] == "s-2vcpu-4gb"]
    (clove,) = [live for live in account["droplets"] if live["name"] == "clove"]
    clove.update(size_slug=larger["slug"], size=larger)
    clove.update({key: larger[key] for key in ("memory", "vcpus", "disk")})


def test_a_droplet_deleted_outside_is_shown_and_made_again(drifted: Drifted) -> None:
    assert ("create", "Droplet", "basil") in changes(drifted.shown)
    assert droplet(drifted.company, "basil")["status"] in {"new", "active"}
    assert changes(drifted.afterwards) == set()


def test_what_others_added_to_a_droplet_stays_and_our_own_tags_come_back(drifted: Drifted) -> None:
    assert ("update", "Droplet", "lime") in changes(drifted.shown)
    assert {"team:web", "project:shop"} <= set(droplet(drifted.company, "lime")["tags"])


def test_a_droplet_grown_outside_is_warned_of_and_left_as_it_is(drifted: Drifted) -> None:
    of_clove = {(op, kind) for op, kind, name in changes(drifted.shown) if name == "clove"}
    assert of_clove <= {("refresh", "Droplet")}
    assert "larger than the s-1vcpu-1gb planned" in drifted.said
    assert droplet(drifted.company, "clove")["size_slug"] == "s-2vcpu-4gb"


def test_a_foreign_firewall_on_a_host_is_named(drifted: Drifted) -> None:
    assert "the firewall `old-door`, not made here, is on `lime` too" in drifted.said
    assert "old-door" in names(drifted.company)["firewalls"]


def test_what_a_killed_run_left_pending_is_cleared_and_what_it_made_is_not_made_twice(
    applied: Shell,
) -> None:
    file = applied.account / STATE
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    tag = next(held for held in latest["resources"] if held["type"].endswith(":Tag"))
    (lost,) = [held for held in latest["resources"] if held["urn"].endswith("Droplet::lime")]
    kept = ("urn", "custom", "type", "inputs", "parent", "provider")
    latest["pending_operations"] = [
        {"resource": {key: begun[key] for key in kept}, "type": "creating"} for begun in (tag, lost)
    ]
    count = len(latest["resources"])
    latest["resources"].remove(lost)
    file.write_text(json.dumps(state))
    assert ("import", "Droplet", "lime") in changes(applied.json("preview"))
    done = applied.rehearse("up")
    assert done.returncode == 0, done.stderr
    assert "cleared what a killed run had left pending in the state" in done.stderr
    after = json.loads(file.read_text())["checkpoint"]["latest"]
    assert not after.get("pending_operations")
    assert len(after["resources"]) == count
    assert len(applied.state_of_account()["droplets"]) == 3
    assert changes(applied.json("up")) == set()


def test_destroy_refuses_and_everything_leaves_the_account_as_seeded(
    applied: Shell, tmp_path: Path
) -> None:
    before = applied.state_of_account()
    refused = applied.rehearse("destroy")
    assert refused.returncode == 1
    assert "protected resources would be deleted" in refused.stderr
    told = applied.rehearse("destroy", "--format", "json")
    assert told.returncode == 1
    answer = json.loads(told.stdout)
    assert answer["ok"] is False
    assert any("protected" in message["message"] for message in answer["messages"])
    assert applied.state_of_account()["droplets"] == before["droplets"]
    assert applied.rehearse("destroy", "--everything").returncode == 0
    untouched = Shell(write_company(tmp_path / "untouched"), tmp_path / "untouched/account")
    assert untouched.pulumi("true").returncode == 0  # it seeds the account
    seeded, after = untouched.state_of_account(), applied.state_of_account()
    for kind in ("droplets", "databases", "firewalls", "vpcs", "keys"):
        assert after[kind] == seeded[kind], kind
    assert applied.rehearse("destroy", "--format", "json").returncode == 0


def test_nothing_of_a_real_account_reaches_a_rehearsal(company: Shell) -> None:
    token, endpoint = "dop_v1_" + "5ec2e7" * 10, "https://api.example.com"
    file = company.project / "stacks" / "Pulumi.prod.yaml"
    config = yaml.safe_load(file.read_text())
    config["config"] |= {
        "digitalocean:token": {"secure": "AAABAKnownCipherText"},
        "digitalocean:apiEndpoint": endpoint,
    }
    config["encryptionsalt"] = "v1:KnownSaltOfARealStack="
    text = yaml.safe_dump(config)
    file.write_text(text)
    environment = {
        **os.environ,
        "DIGITALOCEAN_TOKEN": token,
        "DIGITALOCEAN_API_URL": endpoint,
        "PULUMI_ACCESS_TOKEN": "pul-" + "0" * 40,
        "PULUMI_BACKEND_URL": "https://api.example.com",
    }
    done = company.run(
        "rehearse", "up", "--account", company.account, "--clock", "200", env=environment
    )
    assert done.returncode == 0, done.stderr
    assert file.read_text() == text
    everything = [done.stdout, done.stderr] + [
        path.read_text(errors="replace")
        for path in company.account.rglob("*")
        if path.is_file() and "plugins" not in path.parts
    ]
    for private in (token, endpoint, "KnownCipherText", "KnownSalt", "pul-000"):
        assert not [text for text in everything if private in text], private


def test_plain_pulumi_does_what_its_user_types(company: Shell) -> None:
    lines = [
        "pulumi up --yes",
        "pulumi refresh --yes",
        "pulumi stack output instances --show-secrets --json",
    ]
    first, _, outputs = done = [company.pulumi(line) for line in lines]
    assert [process.returncode for process in done] == [0, 0, 0], done
    assert "Host" in first.stdout and "lime" in first.stdout
    instances = json.loads(outputs.stdout)
    assert instances["shop"]["env"]["DATABASE_URL"].startswith("postgresql://shop:")
    assert instances["wiki"]["env"]["SHOP_URL"] == "http://lime:8080"
    refused = company.pulumi("pulumi destroy --yes")
    assert refused.returncode != 0
    assert "protected" in refused.stdout + refused.stderr
