"""Runs of `infra-apply` and of the engine on a folder with a company, an account and a state."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from infra_apply.rehearsal.simulator.server import Server, serve
from tests.reviews.companies import STACK

JSON: TypeAlias = dict[str, Any]
CLOCK: Final = 500.0
# Seconds after which a run is taken to hang.
PATIENCE: Final = 400.0
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine's binary, the variables it runs with, and the Python that runs everything."""

    path: Path
    env: Mapping[str, str]
    python: Path


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: its exit code, what it printed, and the requests that change something."""

    code: int
    output: str
    requests: tuple[JSON, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """A folder whose account is served."""

    folder: Path
    server: Server
    engine: Engine
    env: Mapping[str, str]

    @property
    def project(self) -> Path:
        return self.folder / "company"

    def infra_apply(self, *words: str | Path) -> Run:
        """Run `infra-apply`, with the waits of a fast clock; every deletion is allowed for.

        What may be deleted is the saved plan's to say, and not a number's.
        """
        command = (self.engine.python, "-m", "tests.schedules.quick_command")
        return self._run(*command, *words, "--stack", STACK, "--allow-delete", "99")

    def pulumi(self, *words: str) -> Run:
        return self._run(self.engine.path, *words, "--stack", STACK, "--non-interactive")

    def deployment(self) -> JSON:
        """Return the resources that the state's file has, with what else it says of them."""
        latest: JSON = json.loads(self._checkpoint.read_text())["checkpoint"].get("latest") or {}
        return latest

    def edit_deployment(self, deployment: JSON) -> None:
        """Write the state's file, as somebody does with an editor."""
        document = json.loads(self._checkpoint.read_text())
        document["checkpoint"]["latest"] = deployment
        self._checkpoint.write_text(json.dumps(document))

    @property
    def _checkpoint(self) -> Path:
        (file,) = (self.folder / "state" / ".pulumi" / "stacks").rglob(f"{STACK}.json")
        return file

    def _run(self, *command: str | Path) -> Run:
        offset = len(self._log())
        try:
            process = subprocess.run(
                command,
                cwd=self.project,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            code, output = process.returncode, process.stdout
        except subprocess.TimeoutExpired:
            code, output = -1, "it hangs"
        with (self.folder / "output.txt").open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(map(str, command))}\n{output}\nexit {code}\n\n")
        requests = [entry for entry in self._log()[offset:] if entry["method"] != "GET"]
        return Run(code, output, tuple(requests))

    def _log(self) -> list[JSON]:
        lines = self.server.requests_path.read_text().splitlines()
        return [json.loads(line) for line in lines]


@contextmanager
def served(folder: Path, engine: Engine) -> Iterator[Served]:
    """Serve the account of a folder, and give what runs on it."""
    account = json.loads((folder / "account.json").read_text())
    token = engine.env["DIGITALOCEAN_TOKEN"]
    with serve(folder, account, token=token, clock_scale=CLOCK) as server:
        env = {
            **engine.env,
            "PULUMI_BACKEND_URL": f"{(folder / 'state').as_uri()}?metadata=skip",
            "DIGITALOCEAN_API_URL": server.url,
            "PYTHONPATH": str(_ROOT),
            "XDG_STATE_HOME": str(folder / "logs"),
        }
        yield Served(folder, server, engine, env)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a company, its account and its state."""
    target.mkdir(parents=True)
    shutil.copy(source / "account.json", target)
    for name in ("company", "state"):
        shutil.copytree(source / name, target / name)
