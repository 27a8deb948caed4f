"""The command line as its user runs it, in interpreters that are warm already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.warm import interpreter

PROGRAM: Final = Path(sys.executable).parent / "infra-apply"
PLAIN_UP: Final = "pulumi up --yes --skip-preview 2>&1"


def command(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Return what starts `infra-apply`: its script, by the warm interpreter where there is one."""
    return interpreter(environ or os.environ), PROGRAM


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
            [*command(env), *words],
            cwd=self.project,
            env=env or dict(os.environ),
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def start(
        self, verb: str, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a verb of a rehearsal, and go on without waiting for its end."""
        return subprocess.Popen(
            [*command(env), "rehearse", verb, *self._kept, *words],
            cwd=self.project,
            env=env or dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rehearse(
        self, verb: str, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one verb of a rehearsal with the kept account, fast."""
        return self.run("rehearse", verb, *self._kept, *words, env=env)

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

    @property
    def _kept(self) -> tuple[str | Path, ...]:
        return "--account", self.account, "--clock", "200"
