"""Plain `pulumi preview` and `infra-apply rehearse preview` with the real engine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.companies import manifest, write
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine


def names(steps: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """What `pulumi preview --json` would make, in the plan's words."""
    found: set[tuple[str, ...]] = set()
    for step in steps:
        state = step["newState"]
        kind, given = state["type"].rpartition(":")[2], state.get("inputs", {})
        if kind == "Droplet":
            found.add(("host", given["name"], given["size"], given["region"], *given["tags"]))
        if kind in {"DatabaseDb", "DatabaseUser"}:
            found.add((kind, given["name"]))
        if kind == "Pool":
            found.add(("pool", step["urn"].rpartition("::")[2]))
    return found


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_the_engine_would_make_exactly_what_the_plan_names(example: Shell, stack: str) -> None:
    planned = json.loads(example.run("plan", "--stack", stack, "--format", "json").stdout)
    done = example.pulumi(f"pulumi preview --json --stack {stack}", "--stack", stack)
    assert done.returncode == 0, done.stderr
    expected: set[tuple[str, ...]] = {
        ("host", host["name"], host["size"], host["region"], *host["tags"])
        for host in planned["hosts"]
        if not host["lookup"]
    }
    expected |= {("DatabaseDb", database["name"]) for database in planned["databases"]}
    expected |= {("DatabaseUser", database["user"]) for database in planned["databases"]}
    expected |= {("pool", pool["project"]) for pool in planned["pools"]}
    assert names(json.loads(done.stdout)["steps"]) == expected
    assert len(expected) > 3


def test_a_preview_reads_like_the_company_and_says_what_is_not_rendered(example: Shell) -> None:
    done = example.run("rehearse", "preview")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "+   Host lime   s-1vcpu-2gb in nyc1: catalog:8081, shop:8080, wiki:8088" in lines
    assert "+     Droplet lime" in lines
    assert any(line.startswith("+   Pool transcribe  empty until work waits") for line in lines)
    assert "services not rendered (6)" in lines
    assert not any("gpu" in line and "Droplet" in line for line in lines)


SHOP = {
    "shop/.infra.yaml": manifest(
        "shop",
        service={"host": "lime", "port": 8080},
        database={"cluster": "shared-pg", "name": "shop", "user": "shop"},
    )
}

# What is done to a company before plain `pulumi preview`, and what is then said.
TROUBLES = {
    "a broken manifest": ("echo 'project: [' > $COMPANY/projects/shop/.infra.yaml", "IA001"),
    "a missing mesh": ("rm $COMPANY/mesh-hosts.json", "IA503"),
    "a missing project": ("rm -r $COMPANY/projects/shop", "IA708"),
    "an unknown cluster": (
        "sed -i s/shared-pg/shared-gp/ $COMPANY/projects/shop/.infra.yaml",
        "there are: `shared-pg`",
    ),
    "a wrong token": ("export DIGITALOCEAN_TOKEN=wrong", "does not accept the token"),
    "no token": ("unset DIGITALOCEAN_TOKEN", "no DigitalOcean token"),
    "an API that is down": (
        "export DIGITALOCEAN_API_URL=http://127.0.0.1:9",
        "cannot be reached at 127.0.0.1:9",
    ),
    "a setting that is misspelt": ("pulumi config set infra-apply:dropet x", "unknown key"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_ends_a_plain_preview_with_words_and_without_a_resource(
    trouble: str, tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    project = write(tmp_path, SHOP)
    command, words = TROUBLES[trouble]
    done = shell(project).pulumi(f"COMPANY={project}; {command}; pulumi preview --json")
    assert done.returncode != 0
    said = json.loads(done.stdout)
    everything = done.stdout + done.stderr
    assert words in everything
    assert "Traceback" not in everything
    assert [step["urn"] for step in said.get("steps", []) if step["op"] != "same"] in (
        [],
        [urn for urn in (step["urn"] for step in said["steps"]) if "pulumi:pulumi:Stack" in urn],
    )


def test_a_broken_manifest_needs_no_engine_to_be_found(
    tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    project = write(tmp_path, {"shop/.infra.yaml": "project: ["})
    empty = {**os.environ, "PATH": "/nonexistent", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = shell(project).run("rehearse", "preview", env=empty)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[IA001]" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_engine_and_registry_every_way_that_was_tried_is_named(
    tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    environment = {
        "PATH": "/nonexistent",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "INFRA_APPLY_ENGINE_FROM": "registry",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = shell(write(tmp_path, SHOP)).run("rehearse", "preview", env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert "go" in done.stderr
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stack_that_does_not_exist_lists_those_that_do(
    tmp_path: Path, shell: Callable[[Path], Shell]
) -> None:
    done = shell(write(tmp_path, SHOP)).run("rehearse", "preview", "--stack", "staging")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no stack `staging`" in done.stderr
    assert "stacks with a file: prod" in done.stderr
