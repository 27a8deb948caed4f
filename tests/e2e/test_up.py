"""`infra-apply preview` and `infra-apply up`, for real and rehearsed: one code, two accounts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.companies import manifest, write
from tests.e2e.shell import PROGRAM, Shell

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

SETTINGS = {"network": {"ssh": ["198.51.100.0/24"]}, "fleet": "acme"}
COMPANY = {
    "wiki/.infra.yaml": manifest(
        "wiki",
        service={"host": "lime", "port": 8081},
        database={"cluster": "shared-pg", "name": "wiki", "user": "wiki"},
    )
}
CHANGED_SCHEMA = """
import runpy
from dataclasses import replace
from infra_apply.rehearsal.plugin.resources import table
kind = "digitalocean:index/firewall:Firewall"
firewall = table.RESOURCES[kind]
rules = "inboundRules"
properties = [replace(known, replaces=known.name == rules) for known in firewall.properties]
table.RESOURCES[kind] = replace(firewall, properties=tuple(properties))
runpy.run_module("infra_apply.rehearsal.plugin", run_name="__main__")
"""


@pytest.fixture
def company(tmp_path: Path, shell: Callable[[Path], Shell]) -> Shell:
    return shell(write(tmp_path, COMPANY, settings=SETTINGS))


def setting(company: Shell, **values: Any) -> None:
    """Set settings of the stack; None removes one."""
    file = company.project / "stacks" / "Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    for name, value in values.items():
        document["config"].pop(f"infra-apply:{name}", None)
        if value is not None:
            document["config"][f"infra-apply:{name}"] = value
    file.write_text(yaml.safe_dump(document))


def faults(company: Shell, text: str) -> tuple[str, str]:
    """Write a faults file and return the flags that play it."""
    (company.project / "faults.yaml").write_text(text)
    return "--faults", "faults.yaml"


def droplets(company: Shell) -> list[Any]:
    return list(company.state_of_account()["droplets"])


def posts(company: Shell, path: str) -> int:
    requests = (company.account / "requests.jsonl").read_text().splitlines()
    asked = [json.loads(request) for request in requests]
    return sum(request["method"] == "POST" and request["path"] == path for request in asked)


def real(company: Shell, words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as for a real account: endpoint, token and backend from the environment."""
    link = company.project / ".venv"
    if not link.exists():
        link.symlink_to(sys.prefix)
    log = company.account / "home-state"
    return company.pulumi(
        f"XDG_STATE_HOME={log} {PROGRAM} {words} -C {company.project} --stack prod"
    )


def test_up_applies_to_the_account_that_the_environment_names(company: Shell) -> None:
    refused = real(company, "up")
    assert refused.returncode == 1, refused.stderr
    assert "nobody can be asked here" in refused.stderr
    assert "to create" in refused.stderr
    assert droplets(company) == []
    done = real(company, "up --yes --format json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    made = [step for step in answer["steps"] if not step["type"].startswith("pulumi:providers:")]
    assert answer["changes"] == {"create": len(made)}
    assert all(step["urn"].startswith("urn:pulumi:prod::") for step in answer["steps"])
    assert "1 droplet and 1 database with their users, each there once" in done.stderr
    (line,) = (company.account / "home-state/infra-apply/log.jsonl").read_text().splitlines()
    assert json.loads(line)["stack"] == "prod"
    assert not re.search("rehearsal-[0-9a-f]{20}", line), "the token"
    again = real(company, "up")  # nothing changes, nobody is asked
    assert again.returncode == 0, again.stderr
    assert "unchanged" in again.stdout
    assert "to create" not in again.stdout
    preview = real(company, "preview")
    assert preview.returncode == 0, preview.stderr


def test_a_provider_that_would_suddenly_replace_is_stopped(applied: Shell, tmp_path: Path) -> None:
    before = applied.state_of_account()["firewalls"]
    script = tmp_path / "doctored" / "pulumi-resource-digitalocean"
    script.parent.mkdir()
    (script.parent / "changed.py").write_text(CHANGED_SCHEMA)
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {script.parent}/changed.py "$@"\n')
    script.chmod(0o755)
    setting(applied, network={"ssh": ["203.0.113.0/24"]})
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
    flags = ("--account", applied.account, "--clock", "200")
    environ = {**os.environ, "PATH": path}
    refused = applied.run("rehearse", "up", *flags, "--allow-delete", "9", env=environ)
    assert refused.returncode == 1, refused.stderr
    assert "would be replaced, which deletes it: inboundRules changes" in refused.stderr
    assert applied.state_of_account()["firewalls"] == before


def test_a_lost_answer_is_looked_for_and_taken_over_in_the_same_run(company: Shell) -> None:
    played = faults(company, "[{method: POST, path: /v2/droplets, when: after, drop: true}]")
    done = company.rehearse("up", *played, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "Droplet lime: the answer was lost; looking whether it was made" in done.stderr
    assert len(droplets(company)) == 1
    assert posts(company, "/v2/droplets") == 1
    assert json.loads(done.stdout)["changes"]["import"] == 1
    assert company.json("up")["steps"] == []


def test_what_was_done_is_told_when_the_run_fails_and_so_is_what_failed(company: Shell) -> None:
    played = faults(company, "[{method: POST, path: '/v2/databases/*/dbs', status: 422}]")
    done = company.rehearse("up", *played)
    assert done.returncode == 1, done.stderr
    assert "Database wiki on shared-pg: " in done.stderr
    assert "DigitalOcean answered 422" in done.stderr
    assert "DatabaseDb wiki  FAILED" in done.stdout
    assert "1 failed" in done.stdout
    assert "created" in done.stdout
    assert posts(company, "/v2/databases/bbbb0001-0000-4000-8000-000000000001/dbs") == 1


def test_an_outage_that_lasts_is_tried_three_times_more_and_is_no_mistake_of_ours(
    company: Shell,
) -> None:
    played = faults(company, "[{method: POST, path: /v2/tags, status: 503, times: 99}]")
    done = company.rehearse("up", *played, "--clock", "2000")
    assert done.returncode == 3, done.stderr
    assert posts(company, "/v2/tags") >= 4
    assert "it goes on by itself in 90 s" in done.stderr


def test_a_second_droplet_of_a_host_is_named_and_goes_only_where_somebody_says_so(
    applied: Shell,
) -> None:
    account = applied.state_of_account()
    (lime,) = [droplet for droplet in account["droplets"] if droplet["name"] == "lime"]
    account["droplets"].append({**lime, "id": 4242})
    (applied.account / "account.json").write_text(json.dumps(account))
    found = applied.rehearse("up")
    assert found.returncode == 1, found.stderr
    assert "droplet 4242 is a second `lime`" in found.stderr
    assert f"--account {applied.account} --remove-surplus 4242" in found.stderr
    assert len(droplets(applied)) == 4
    kept = applied.rehearse("up", "--remove-surplus", str(lime["id"]))
    assert kept.returncode == 1, kept.stderr
    assert "is not one too many" in kept.stderr
    done = applied.rehearse("up", "--remove-surplus", "4242")
    assert done.returncode == 0, done.stderr
    limes = [droplet["id"] for droplet in droplets(applied) if droplet["name"] == "lime"]
    assert limes == [lime["id"]]


def test_after_sigterm_what_is_in_flight_is_finished_told_and_gone_on_with(company: Shell) -> None:
    played = faults(company, "[{method: POST, path: /v2/droplets, when: after, delay: 5}]")
    process = company.start("up", *played)
    requests = company.account / "requests.jsonl"
    while process.poll() is None:
        if requests.exists() and posts(company, "/v2/firewalls"):
            process.send_signal(signal.SIGTERM)
            break
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "created" in stdout
    done = company.json("up")
    assert done["ok"]
    assert len(droplets(company)) == 1
    assert company.json("up")["steps"] == []


def test_what_was_reviewed_is_applied_and_nothing_else(company: Shell) -> None:
    reviewed = company.rehearse("preview", "--save", "reviewed.json")
    assert reviewed.returncode == 0, reviewed.stderr
    file = company.project / "reviewed.json"
    assert file.stat().st_mode & 0o077 == 0
    settings = company.project / "stacks" / "Pulumi.prod.yaml"
    before = settings.read_text()
    setting(company, network={"ssh": ["203.0.113.0/24"]})
    refused = company.rehearse("up", "--plan", "reviewed.json")
    assert refused.returncode == 1, refused.stderr
    assert "Firewall acme-lime" in refused.stderr or "Firewall lime" in refused.stderr
    assert "what it would be set to is not what was reviewed" in refused.stderr
    assert droplets(company) == []
    settings.write_text("# a comment\n" + before)
    done = company.rehearse("up", "--plan", "reviewed.json")
    assert done.returncode == 0, done.stderr
    assert len(droplets(company)) == 1
    again = company.rehearse("up", "--plan", "reviewed.json")
    assert again.returncode == 0, again.stderr
    assert "unchanged" in again.stdout
    broken = company.rehearse("up", "--plan", "Pulumi.yaml")
    assert broken.returncode == 2, broken.stderr


def test_with_an_account_they_are_the_rehearsals_own_verbs(company: Shell) -> None:
    flags = ("--account", str(company.account), "--stack", "prod")
    done = company.run("up", *flags)
    assert done.returncode == 0, done.stderr
    assert "nothing real is touched" in done.stderr
    assert len(droplets(company)) == 1
    preview = company.run("preview", *flags)
    assert preview.returncode == 0, preview.stderr
    assert preview.stdout.startswith("9 unchanged")
    assert "access wider" not in preview.stderr


def test_what_would_be_open_to_more_than_was_last_applied_is_said_apart(applied: Shell) -> None:
    setting(applied, network={"ssh": ["198.51.100.0/24", "203.0.113.0/24"]})
    for preview in (applied.rehearse("preview"), applied.pulumi("pulumi preview")):
        assert preview.returncode == 0, preview.stderr
        lines = [line.strip() for line in (preview.stdout + preview.stderr).splitlines()]
        at = lines.index("basil tcp/22 from 203.0.113.0/24")
        assert lines[at - 1].endswith("access wider than what was last applied:")
