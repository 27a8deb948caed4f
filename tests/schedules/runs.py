"""Runs of `up` on a copy of a stage, each with what is to strike it."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from infra_apply.rehearsal.simulator.account.messages import State
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.schedules.fleets import STACK, read_account
from tests.schedules.schedule import Strike
from tests.schedules.stage import CLOCK, Stage
from tests.schedules.strike import MARK, Striker, kill

# How a run is started: `pulumi up`, the same without its preview (quicker), `infra-apply up`.
Mode = Literal["plain", "hasty", "wrapper"]
# Seconds after which a run is taken to hang.
PATIENCE: Final = 400.0
UP: Final = ("up", "--yes", "--stack", STACK)


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: its exit code, what it printed, and the requests it made."""

    code: int
    output: str
    log: tuple[dict[str, Any], ...]

    def why(self) -> str:
        """Return the exit code and the first lines that say what was wrong."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line]
        return " | ".join([f"exit {self.code}", *(errors[:3] or lines[-3:])])[:500]


@contextmanager
def open_company(stage: Stage, folder: Path, mode: Mode) -> Iterator[Company]:
    folder.mkdir(parents=True)
    shutil.copy(stage.folder / "account.json", folder)
    state = folder / "state"
    shutil.copytree(stage.folder / "engine" / "state", state)
    striker = Striker(state)
    seed = read_account(folder)
    token = stage.env["DIGITALOCEAN_TOKEN"]
    with serve(folder, seed, token=token, clock_scale=CLOCK, sleep=striker.pause) as server:
        env = {
            **stage.env,
            "PULUMI_BACKEND_URL": state.as_uri() + ("" if stage.attributes else "?metadata=skip"),
            "DIGITALOCEAN_API_URL": server.url,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "XDG_STATE_HOME": str(folder / "logs"),
        }
        yield Company(stage, folder, mode, server, striker, env)


@dataclass(frozen=True, slots=True)
class Company:
    """A copy of the stage, served: every run starts here."""

    stage: Stage
    folder: Path
    mode: Mode
    server: Server
    striker: Striker
    env: Mapping[str, str]

    def up(self, strike: Strike | None) -> Run:
        """Run `up` to its end, however it ends."""
        if self.mode != "wrapper" and any((self.state / ".pulumi" / "locks").rglob("*.json")):
            self._pulumi("cancel", "--yes", "--stack", STACK)
        with self.striker.striking(self.server, strike):
            return self._run(*self._command())

    def unchanged(self) -> Run:
        """Run `up` once more; it fails if there is anything to change."""
        if self.mode == "wrapper":
            return self.up(None)
        # Without a preview of its own: anything that is changed fails the run.
        return self._run(
            self._engine, *UP, "--skip-preview", "--non-interactive", "--expect-no-changes"
        )

    def tag_by_hand(self) -> None:
        """Put a tag that nobody asked for on every droplet, as somebody in the console would."""

        def tag(account: State) -> State:
            droplets = [
                droplet | {"tags": sorted({*droplet["tags"], "hand-made"})}
                for droplet in account["droplets"]
            ]
            return account | {"droplets": droplets}

        self.server.edit(tag)

    def export(self) -> dict[str, Any]:
        """Return what the engine says the state is; nothing if it cannot read it."""
        exported = self._pulumi("stack", "export", "--stack", STACK)
        state: dict[str, Any] = {}
        if not exported.code:
            state = json.loads(exported.output[exported.output.index("{") :])
        return state

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def _engine(self) -> str:
        return str(self.stage.engine)

    def _command(self) -> tuple[str, ...]:
        if self.mode == "wrapper":
            return (str(self.stage.python), "-m", "tests.schedules.quick_command", *UP)
        skips = "true" if self.mode == "hasty" else "false"
        return (self._engine, *UP, f"--skip-preview={skips}", "--non-interactive")

    def _pulumi(self, *words: str) -> Run:
        return self._run(self._engine, *words, "--non-interactive")

    def _run(self, *command: str) -> Run:
        """Run a command in the project; one that hangs is killed, with the code -1."""
        offset = len(_log(self.folder))
        # A mark of its own: what kills one command may still be looking when the next one starts.
        mark = self.striker.mark = uuid.uuid4().hex
        process = subprocess.Popen(
            command,
            cwd=self.stage.project,
            env={**self.env, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=PATIENCE)
            code = process.returncode
        except subprocess.TimeoutExpired:
            kill(mark)
            output, code = process.communicate()[0] + "\nerror: it hangs", -1
        kill(mark)  # what it started and left
        if "export" not in command:
            with (self.folder / "output.txt").open("a", encoding="utf-8") as file:
                file.write(f"$ {' '.join(command)}\n{output}\nexit {code}\n\n")
        return Run(code, output, tuple(_log(self.folder)[offset:]))


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
