"""What an earlier version left in account and state is unchanged, but for what the changelog says.

The changelog says that Pulumi.yaml needs a setting, and that the provider and the components of
hosts and databases are updated, in the state alone.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra_apply.reconcile.state import DATABASE, HOST
from tests.e2e.conftest import ROOT
from tests.e2e.shell import Shell

pytestmark = pytest.mark.engine

KEPT = Path(__file__).parent / "kept"
STATES = "engine/state/.pulumi/stacks/infra-apply"


@pytest.fixture
def kept(tmp_path: Path) -> Shell:
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path / "company")
    return Shell(tmp_path / "company", tmp_path / "account")


def resources(kept: Shell, stack: str) -> list[Any]:
    """What the kept state of a stack holds, providers aside."""
    state = json.loads((kept.account / STATES / f"{stack}.json").read_text())
    held = state["checkpoint"]["latest"]["resources"]
    return [resource for resource in held if "pulumi:providers:" not in resource["type"]]


@pytest.mark.parametrize(("stack", "count", "claims"), [("prod", 40, 10), ("dev", 14, 4)])
def test_a_kept_stack_learns_its_claims_and_nothing_is_asked_of_the_account(
    kept: Shell, stack: str, count: int, claims: int
) -> None:
    assert len(resources(kept, stack)) == count
    applied = kept.json("up", "--stack", stack)
    assert applied["changes"] == {"same": count - claims, "update": claims}
    changed = {step["type"] for step in applied["steps"]}
    assert changed == {HOST, DATABASE, "pulumi:providers:digitalocean"}
    requests = (kept.account / "requests.jsonl").read_text().splitlines()
    assert {json.loads(request)["method"] for request in requests} == {"GET"}
    assert kept.json("preview", "--stack", stack)["changes"] == {"same": count}


def test_every_slot_of_a_kept_pool_is_the_same(kept: Shell) -> None:
    stack = "prod.gpu.transcribe"
    assert len(resources(kept, stack)) == 3
    preview = kept.pulumi(f"pulumi preview --json --non-interactive --stack {stack}")
    assert preview.returncode == 0, preview.stderr
    assert json.loads(preview.stdout)["changeSummary"] == {"same": 3}
