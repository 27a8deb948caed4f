"""The whole life of a fleet: applied, unchanged, edited, drifted, healed, refused, ended."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine

SETTINGS: dict[str, Any] = {
    "network": {"ssh": ["198.51.100.0/24"], "mesh": ["udp/51820"]},
    "fleet": "acme",
}
COMPANY = {
    "shop/.infra.yaml": manifest(
        "shop",
        service={"host": "lime", "port": 8080},
        database={"cluster": "shared-pg", "name": "shop", "user": "shop"},
        depends_on=["wiki"],
    ),
    "wiki/.infra.yaml": manifest("wiki", service={"host": "basil", "port": 8081}),
}


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    return shell(write(tmp_path, COMPANY, settings=SETTINGS))


def changed(answer: Any) -> set[tuple[str, str, str]]:
    return {(step["op"], step["type"].rpartition(":")[2], step["name"]) for step in answer["steps"]}


def edit(shell: Shell, **keys: Any) -> None:
    file = shell.project / "projects" / "shop" / ".infra.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **keys}))


def droplet(shell: Shell, name: str) -> Any:
    (found,) = [
        droplet for droplet in shell.state_of_account()["droplets"] if droplet["name"] == name
    ]
    return found


def behind_its_back(shell: Shell, change: Callable[[Any], None]) -> None:
    """Change the account as somebody in DigitalOcean's console would."""
    account = shell.state_of_account()
    change(account)
    (shell.account / "account.json").write_text(json.dumps(account))


def test_a_second_up_changes_nothing_and_an_edit_only_what_it_names(company: Shell) -> None:
    first = company.json("up")
    assert {op for op, _, _ in changed(first)} == {"create"}
    assert changed(company.json("up")) == set()
    edit(company, depends_on=[])
    assert changed(company.json("preview")) == {
        ("update", "Firewall", "basil"),
        ("update", "Host", "basil"),
    }


def random_company(seed: int) -> dict[str, Any]:
    """Services on two droplets and a mac, who call each other at random; some with a pool."""
    rng = random.Random(seed)  # noqa: S311 - a company, not a secret
    names = ["shop", "wiki", "mail", "game", "news"]
    made = {}
    for port, name in enumerate(names, 8000):
        host = rng.choice(["lime", "basil", "fennel"])
        keys: dict[str, Any] = {"service": {"host": host, "port": port}}
        keys["provider"] = "mac" if host == "fennel" else "digitalocean"
        keys["depends_on"] = [other for other in names if other != name and rng.random() < 0.4]
        if rng.random() < 0.4:
            keys["gpu"] = {"mode": "on-demand", "droplet": "box"}
        made[f"{name}/.infra.yaml"] = manifest(name, **keys)
    return made


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_firewalls_are_what_the_plan_says_of_access(
    seed: int, tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    profile = {"size": "gpu-l40sx1-48gb", "image": "12345"}
    public = {"public": {"game": None}}
    company = shell(
        write(
            tmp_path,
            random_company(seed),
            settings={
                **SETTINGS,
                "network": {**SETTINGS["network"], **public},
                "gpu": {"profiles": {"box": profile}},
            },
        )
    )
    planned = json.loads(company.run("plan", "--format", "json").stdout)
    pools = {pool["project"] for pool in planned["pools"]}
    company.json("up")
    firewalls = {firewall["name"]: firewall for firewall in company.state_of_account()["firewalls"]}
    assert {f"{name}-gpu" for name in pools} <= firewalls.keys()
    for entry in planned["access"]:
        rules = {rule["ports"]: rule for rule in firewalls[entry["host"]]["inbound_rules"]}
        assert rules["22"]["sources"] == {"addresses": ["198.51.100.0/24"]}
        sources = rules.get(str(entry["port"]), {}).get("sources", {})
        if entry["public"]:
            assert sources == {"addresses": ["0.0.0.0/0", "::/0"]}
            continue
        callers = {
            f"infra-apply-host:{dependent['host']}"
            for dependent in entry["from"]
            if dependent["host"] != "fennel"
        }
        callers |= {
            f"infra-apply-pool:{dependent['project']}"
            for dependent in entry["from"]
            if dependent["project"] in pools
        }
        assert set(sources.get("tags", [])) == callers
        assert "addresses" not in sources


def test_a_droplet_deleted_outside_is_shown_and_made_again(company: Shell) -> None:
    company.json("up")
    behind_its_back(
        company,
        lambda account: account.update(
            droplets=[droplet for droplet in account["droplets"] if droplet["name"] != "basil"]
        ),
    )
    assert ("create", "Droplet", "basil") in changed(company.json("preview"))
    company.json("up")
    assert droplet(company, "basil")["status"] in {"new", "active"}
    assert changed(company.json("preview")) == set()


def test_what_others_added_to_a_droplet_stays_and_our_own_tags_come_back(company: Shell) -> None:
    company.json("up")

    def retag(account: Any) -> None:
        (lime,) = [droplet for droplet in account["droplets"] if droplet["name"] == "lime"]
        lime["tags"] = [tag for tag in lime["tags"] if tag != "project:shop"] + ["team:web"]
        names = {tag["name"] for tag in account["tags"]}
        account["tags"] += (
            [] if "team:web" in names else [{**account["tags"][0], "name": "team:web"}]
        )

    behind_its_back(company, retag)
    assert changed(company.json("preview")) == {("update", "Droplet", "lime")}
    company.json("up")
    assert {"team:web", "project:shop"} <= set(droplet(company, "lime")["tags"])


def test_a_droplet_grown_outside_is_warned_of_and_left_as_it_is(company: Shell) -> None:
    company.json("up")

    def grow(account: Any) -> None:
        (larger,) = [size for size in account["sizes"] if size["slug"] == "s-2vcpu-4gb"]
        for droplet in account["droplets"]:
            if droplet["name"] == "lime":
                droplet.update(size_slug=larger["slug"], size=larger)
                droplet.update({key: larger[key] for key in ("memory", "vcpus", "disk")})

    behind_its_back(company, grow)
    seen = company.json("preview")
    assert not [
        change for change in changed(seen) if change[1] == "Droplet" and change[0] != "refresh"
    ]
    assert any(
        "larger than the s-1vcpu-1gb planned" in message["message"] for message in seen["messages"]
    )
    company.json("up")
    assert droplet(company, "lime")["size_slug"] == "s-2vcpu-4gb"


def test_an_adopted_droplet_is_taken_over_as_it_is_and_nothing_is_bought(
    tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    project = write(tmp_path, COMPANY, settings=SETTINGS)
    company = shell(project)
    company.json("up")
    # What was made for one fleet is what another one, with a state of its own, finds; nobody owns
    # it any more.
    lime = droplet(company, "lime")
    other = Shell(project, tmp_path / "other")
    other.json("preview")
    left = company.state_of_account()
    for orphan in left["droplets"]:
        orphan["tags"] = [tag for tag in orphan["tags"] if not tag.startswith("infra-apply:")]
    (other.account / "account.json").write_text(json.dumps(left))
    file = project / "stacks" / "Pulumi.prod.yaml"
    config = yaml.safe_load(file.read_text())
    config["config"]["infra-apply:fleet"] = "beta"
    config["config"]["infra-apply:hosts"] = {
        "lime": {"adopt": lime["id"]},
        "basil": {"adopt": droplet(company, "basil")["id"]},
    }
    config["config"]["infra-apply:droplet"] = {"size": "s-4vcpu-8gb", "region": "ams3"}
    file.write_text(yaml.safe_dump(config))
    (project / "projects" / "shop" / ".infra.yaml").write_text(
        yaml.safe_dump(manifest("shop", service={"host": "lime", "port": 8080}))
    )
    seen = changed(other.json("preview"))
    assert {change for change in seen if change[1] == "Droplet"} == {
        ("import", "Droplet", "lime"),
        ("import", "Droplet", "basil"),
    }
    other.json("up")
    assert len(other.state_of_account()["droplets"]) == 2
    kept = droplet(other, "lime")
    assert (kept["id"], kept["size_slug"]) == (lime["id"], lime["size_slug"])
    assert "infra-apply:beta:prod" in kept["tags"]
    assert changed(other.json("up")) == set()


def test_a_droplet_of_ours_that_the_state_has_lost_is_imported_and_not_made_twice(
    company: Shell,
) -> None:
    company.json("up")
    urn = (
        "urn:pulumi:prod::infra-apply::"
        "infra-apply:index:Host$digitalocean:index/droplet:Droplet::lime"
    )
    lost = company.pulumi(f"pulumi state delete --force --yes '{urn}'")
    assert lost.returncode == 0, lost.stderr
    assert ("import", "Droplet", "lime") in changed(company.json("preview"))
    company.json("up")
    assert len(company.state_of_account()["droplets"]) == 2
    assert changed(company.json("up")) == set()


def test_a_foreign_firewall_on_a_host_is_named(company: Shell) -> None:
    company.json("up")
    lime = droplet(company, "lime")["id"]

    def add(account: Any) -> None:
        foreign = {**account["firewalls"][0], "id": "f-1", "name": "old-door", "tags": []}
        account["firewalls"].append({**foreign, "droplet_ids": [lime]})

    behind_its_back(company, add)
    said = " ".join(message["message"] for message in company.json("preview")["messages"])
    assert "the firewall `old-door`, not made here, is on `lime` too" in said


def test_destroy_refuses_and_everything_leaves_the_account_as_seeded(company: Shell) -> None:
    company.json("preview")
    seeded = company.state_of_account()
    company.json("up")
    before = company.state_of_account()
    refused = company.rehearse("destroy")
    assert refused.returncode == 1
    assert "protected resources would be deleted" in refused.stderr
    assert company.state_of_account()["droplets"] == before["droplets"]
    assert company.rehearse("destroy", "--everything").returncode == 0
    after = company.state_of_account()
    held = ("droplets", "databases", "firewalls", "tags", "vpcs", "keys")
    assert {key: after[key] for key in held if key != "tags"} == {
        key: seeded[key] for key in held if key != "tags"
    }


def test_a_manifest_that_is_missing_deletes_nothing(company: Shell) -> None:
    company.json("up")
    before = company.state_of_account()
    (company.project / "projects" / "shop" / ".infra.yaml").unlink()
    refused = company.rehearse("up")
    assert refused.returncode == 1
    assert "the host `lime` is in the state and no longer planned" in refused.stderr
    plain = company.pulumi("pulumi up --yes")
    assert plain.returncode != 0
    after = company.state_of_account()
    for kind in ("droplets", "databases", "firewalls", "tags"):
        assert after[kind] == before[kind], kind


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
        "pulumi preview",
        "pulumi up --yes --skip-preview",
        "pulumi refresh --yes",
        "pulumi stack output instances --show-secrets --json",
        "pulumi destroy --yes",
    ]
    done = [company.pulumi(line) for line in lines]
    assert [process.returncode for process in done[:4]] == [0, 0, 0, 0], [
        process.stderr for process in done
    ]
    assert "Host" in done[0].stdout and "lime" in done[0].stdout
    outputs = json.loads(done[3].stdout)
    assert outputs["shop"]["env"]["DATABASE_URL"].startswith("postgresql://shop:")
    assert outputs["shop"]["env"]["WIKI_URL"] == "http://basil:8081"
    assert done[4].returncode != 0
    assert "protected" in done[4].stdout + done[4].stderr


def test_every_route_that_is_used_is_modelled(company: Shell) -> None:
    company.json("up")
    company.json("refresh")
    requests = [
        json.loads(line) for line in (company.account / "requests.jsonl").read_text().splitlines()
    ]
    assert requests
    assert [request for request in requests if request["status"] == 501] == []
