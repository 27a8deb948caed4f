"""The hook that project repositories name in their .pre-commit-config.yaml."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_manifests import MANIFESTS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hook() -> dict[str, Any]:
    (only,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(only, dict)
    return only


def run(hook: dict[str, Any], repository: Path) -> subprocess.CompletedProcess[str]:
    """Run the entry as pre-commit does: at the repository's root, from the hook's environment."""
    program, *words = shlex.split(hook["entry"])
    command = [str(Path(sys.executable).parent / program), *words, *hook["args"]]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def test_the_hook_says_what_pre_commit_needs(hook: dict[str, Any]) -> None:
    assert hook["id"] == "infra-apply-check"
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False


@pytest.mark.parametrize(
    ("file", "runs"),
    [
        (".infra.yaml", True),
        (".infra.dev.yaml", True),
        ("apps/shop/.infra.yaml", True),
        (".infra.yml", True),
        ("infra.yaml", True),
        ("src/infrared.py", False),
        ("docs/my.infra.yaml.md", False),
    ],
)
def test_the_hook_runs_for_manifests_and_what_is_mistaken_for_one(
    file: str, runs: bool, hook: dict[str, Any]
) -> None:
    assert bool(re.search(hook["files"], file)) is runs


@pytest.mark.process
def test_a_commit_with_a_mistake_is_stopped_and_one_without_passes(
    hook: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples" / "@applications" / "shop", tmp_path / "shop")
    good = run(hook, tmp_path / "shop")
    assert (good.returncode, good.stderr) == (0, "")
    assert "whether `catalog` exists: only this project's folder was named" in good.stdout
    bad = run(hook, MANIFESTS / "invalid" / "IA102-unknown-key" / "shop")
    assert (bad.returncode, bad.stderr) == (1, "")
    assert ".infra.yaml:4:1: error[IA102]: unknown key `servce`" in bad.stdout
