"""What an earlier version left in account and state is unchanged, but for what the changelog says.

The changelog says that Pulumi.yaml needs a setting, that the provider and the components of hosts
and databases are updated, in the state alone, and that every database gets grants.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra_apply.reconcile.state import DATABASE, GRANTS, HOST
from tests.e2e.conftest import ROOT
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine

KEPT = Path(__file__).parent / "kept"
STATES = "engine/state/.pulumi/stacks/infra-apply"


@pytest.fixture
def kept(tmp_path: Path) -> Shell:
    return copy_of(KEPT, tmp_path)


@pytest.fixture
def without_grants(tmp_path: Path) -> Shell:
    return copy_of(KEPT / "before_grants", tmp_path)


def copy_of(folder: Path, tmp_path: Path) -> Shell:
    """Copy a company, its account and its state, and give the company today's Pulumi.yaml."""
    for name in ("account", "company"):
        shutil.copytree(folder / name, tmp_path / name)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "company")
    return Shell(tmp_path / "company", tmp_path / "account")


def resources(kept: Shell, stack: str) -> list[Any]:
    """What the kept state of a stack holds, providers aside."""
    state = json.loads((kept.account / STATES / f"{stack}.json").read_text())
    held = state["checkpoint"]["latest"]["resources"]
    return [resource for resource in held if "pulumi:providers:" not in resource["type"]]


@pytest.mark.parametrize(
    ("stack", "count", "claims", "grants"), [("prod", 40, 10, 5), ("dev", 14, 4, 3)]
)
def test_a_kept_stack_learns_its_claims_and_its_fleet_and_buys_ends_and_opens_nothing(
    kept: Shell, stack: str, count: int, claims: int, grants: int
) -> None:
    """Its tags get the fleet's name in two updates: the first leaves the former ones beside."""
    assert len(resources(kept, stack)) == count
    first = kept.json("up", "--stack", stack)
    kinds = (HOST, DATABASE)
    assert sum(step["type"] in kinds for step in first["steps"]) == claims
    assert {step["op"] for step in first["steps"] if step["type"] in kinds} == {"update"}
    assert sum(step["type"] == GRANTS for step in first["steps"]) == grants
    assert {step["op"] for step in first["steps"] if step["type"] == GRANTS} == {"create"}
    sent = changes(kept)
    kept.json("up", "--stack", stack)
    for method, path in changes(kept):
        assert method != "DELETE" or path.startswith("/v2/tags/"), "a droplet is only untagged"
        assert path not in {"/v2/droplets", "/v2/firewalls"} and "/databases" not in path
    state = kept.state_of_account()
    owner = f"infra-apply:example:{stack}"
    ours = [set(droplet["tags"]) for droplet in state["droplets"] if owner in droplet["tags"]]
    own = {tag for tags in ours for tag in tags if tag.startswith("infra-apply-host:")}
    assert own and all(tag.startswith("infra-apply-host:example:") for tag in own)
    attached = [held["name"] for held in state["firewalls"] if own & set(held["tags"])]
    assert len(attached) == len(own)
    assert all(name.startswith("example-") for name in attached), "renamed in place"
    assert kept.json("preview", "--stack", stack)["steps"] == []
    assert sent


def test_a_stack_without_grants_gets_them_and_nothing_else_changes(without_grants: Shell) -> None:
    grants = [("create", "Grants", "shop"), ("create", "Grants", "wiki")]
    provider = ("create", "pulumi-python", "default")
    before = without_grants.state_of_account()
    for verb in ("preview", "up"):
        steps = without_grants.json(verb)["steps"]
        taken = sorted(
            (step["op"], step["type"].rpartition(":")[2], step["name"]) for step in steps
        )
        assert taken == [*grants, provider]
    assert changes(without_grants) == []
    assert without_grants.state_of_account() == before
    assert without_grants.json("preview")["steps"] == []
    first, _ = (
        held for held in resources(without_grants, "prod") if held["type"].endswith("Grants")
    )
    assert first["protect"] and first["retainOnDelete"]


def changes(kept: Shell) -> list[tuple[str, str]]:
    """The requests so far that change something."""
    lines = (kept.account / "requests.jsonl").read_text().splitlines()
    requests = [json.loads(line) for line in lines]
    return [(sent["method"], sent["path"]) for sent in requests if sent["method"] != "GET"]


def test_every_slot_of_a_kept_pool_is_the_same(kept: Shell) -> None:
    stack = "prod.gpu.transcribe"
    assert len(resources(kept, stack)) == 3
    preview = kept.pulumi(f"pulumi preview --json --non-interactive --stack {stack}")
    assert preview.returncode == 0, preview.stderr
    assert json.loads(preview.stdout)["changeSummary"] == {"same": 3}
