"""The command line as its user runs it, with the real engine and a simulated DigitalOcean."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra_apply.engine.install import find

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).parent / "infra-apply"


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs `infra-apply` in a project's folder; `account` is kept between its rehearsals."""

    project: Path
    account: Path

    def run(
        self, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [PROGRAM, *words],
            cwd=self.project,
            env=env or dict(os.environ),
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def rehearse(self, verb: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one verb of a rehearsal with the kept account, fast."""
        flags = ("--account", self.account, "--clock", "200")
        return self.run("rehearse", verb, *flags, *words)

    def json(self, verb: str, *words: str | Path) -> Any:
        """Run one verb of a rehearsal that goes well, and read its answer."""
        done = self.rehearse(verb, "--format", "json", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def pulumi(self, command: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a shell line in the rehearsal's environment."""
        return self.rehearse("exec", *words, "--", "sh", "-c", command)

    def state_of_account(self) -> Any:
        """The simulated account as it is on disk."""
        return json.loads((self.account / "account.json").read_text())


@pytest.fixture(scope="session", autouse=True)
def engine() -> find.Engine:
    found = find.find(os.environ)
    assert found is not None, "no engine: run `make setup`"
    return found


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[Path], Shell]:
    """Give a shell in a project's folder."""
    return lambda project: Shell(project, tmp_path / "account")


@pytest.fixture
def example(tmp_path: Path) -> Shell:
    """Give a shell in a copy of this repository's own project and example company."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("stacks", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    return Shell(folder, tmp_path / "account")
