"""What an earlier version left in account and state is unchanged by this one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Shell

pytestmark = pytest.mark.engine

KEPT = Path(__file__).parent / "kept"
STATES = "engine/state/.pulumi/stacks/infra-apply"


@pytest.fixture
def kept(tmp_path: Path) -> Shell:
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path / "company", tmp_path / "account")


def resources(kept: Shell, stack: str) -> list[Any]:
    """What the kept state of a stack holds, providers aside."""
    state = json.loads((kept.account / STATES / f"{stack}.json").read_text())
    held = state["checkpoint"]["latest"]["resources"]
    return [resource for resource in held if "pulumi:providers:" not in resource["type"]]


@pytest.mark.parametrize(("stack", "count"), [("prod", 40), ("dev", 14)])
def test_every_resource_of_a_kept_stack_is_the_same(kept: Shell, stack: str, count: int) -> None:
    assert len(resources(kept, stack)) == count
    preview = kept.json("preview", "--stack", stack)
    assert (preview["changes"], preview["steps"]) == ({"same": count}, [])


def test_every_slot_of_a_kept_pool_is_the_same(kept: Shell) -> None:
    stack = "prod.gpu.transcribe"
    assert len(resources(kept, stack)) == 3
    preview = kept.pulumi(f"pulumi preview --json --non-interactive --stack {stack}")
    assert preview.returncode == 0, preview.stderr
    assert json.loads(preview.stdout)["changeSummary"] == {"same": 3}
