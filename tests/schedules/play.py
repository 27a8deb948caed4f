"""Plays a schedule: struck runs, a healing run and an unchanged one, with the real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from infra_apply.engine.install import find
from infra_apply.inputs import pulumi_project
from infra_apply.plan.stack import plan_stack
from infra_apply.rehearsal import session
from infra_apply.rehearsal.simulator.account.messages import State
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.schedules.fleets import (
    STACK,
    Fleet,
    add_bystanders,
    read_account,
    write_account,
    write_company,
)
from tests.schedules.judge import PENDING, judge
from tests.schedules.schedule import Request, Schedule, Strike, requests_of
from tests.schedules.strike import MARK, Striker, kill

# How a run is started: `pulumi up`, the same without its preview (quicker), `infra-apply up`.
Mode = Literal["plain", "hasty", "wrapper"]
Outcome = Literal["right", "pending", "not struck", "wrong"]
CLOCK: Final = 500.0
PATIENCE: Final = 400.0
UP: Final = ("up", "--yes", "--stack", STACK)


@dataclass(frozen=True, slots=True)
class Stage:
    """A fleet whose stack exists and holds nothing; `folder` has its account and its state."""

    fleet: Fleet
    folder: Path
    project: Path
    engine: Path
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: its exit code, what it printed, and the requests it made."""

    code: int
    output: str
    log: tuple[dict[str, Any], ...]

    def why(self) -> str:
        """Return the exit code and the first lines that say what was wrong."""
        lines = [line.strip() for line in self.output.splitlines()]
        errors = [line for line in lines if "error" in line and "Diagnostics" not in line]
        return " | ".join([f"exit {self.code}", *errors[:3]])[:500]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a schedule: nothing is wrong with it if `wrong` is empty.

    `struck` says whether every struck request came; `seconds` is what it all took.
    """

    schedule: Schedule
    struck: bool
    wrong: tuple[str, ...]
    codes: tuple[int, ...]
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """`pending`: all is right but a pending operation, which no plain run takes away."""
        if self.wrong:
            only_pending = all(problem.startswith(PENDING) for problem in self.wrong)
            return "pending" if only_pending else "wrong"
        return "right" if self.struck else "not struck"


def prepare(fleet: Fleet, folder: Path) -> Stage:
    """Write the company, seed its account, and create its stack. Raises Failure, LookupError.

    Runs start in the company's own folder, as its people would start them, and not in the copy
    that a rehearsal makes.
    """
    engine = find.find(os.environ)
    if engine is None:
        raise LookupError("no engine: run `make setup`")
    company = write_company(fleet, folder)
    project = pulumi_project.find(company)
    planned = plan_stack(project, STACK)
    if planned.plan is None:
        raise ValueError(f"the fleet cannot be planned: {planned.findings}")
    account = folder / "account"
    options = session.Options(engine, account, clock_scale=CLOCK)
    with session.start_rehearsal(project, STACK, options, plan=planned.plan) as rehearsal:
        session.select_stack(replace(rehearsal, folder=company), engine, STACK)
    write_account(account, add_bystanders(read_account(account), fleet))
    return Stage(fleet, account, company, engine.path, rehearsal.env)


def record(stage: Stage, folder: Path, mode: Mode) -> list[list[Request]]:
    """Return the requests of a clean first run and of the next. Raises ValueError if one fails."""
    with _company(stage, folder, mode) as company:
        runs = [company.up(None), company.up(None)]
    for run in runs:
        if run.code:
            raise ValueError(f"a clean run fails: {run.output}")
    return [requests_of(run.log) for run in runs]


def play(stage: Stage, schedule: Schedule, folder: Path, mode: Mode) -> Verdict:
    """Play a schedule on a copy of the stage in `folder`, and judge the end."""
    start = time.monotonic()
    before = read_account(stage.folder)
    with _company(stage, folder, mode) as company:
        runs: list[Run] = []
        struck = True
        for strike in schedule.strikes:
            runs.append(company.up(strike))
            struck = struck and (strike is None or strike.request.came_in(runs[-1].log))
        healing = company.up(None)
        company.tag_by_hand()
        healed = read_account(folder)
        last = company.unchanged()
        account = read_account(folder)
        problems = judge(stage.fleet, before, account, company.export())
        if healing.code:
            problems.insert(0, f"the run after the faults: {healing.why()}")
        if last.code or account != healed or any(e["method"] != "GET" for e in last.log):
            problems.append(f"the last run is not unchanged: {last.why()}")
        if company.server.unmodelled:
            problems.append(f"the simulated API lacks {sorted(set(company.server.unmodelled))}")
    codes = tuple(run.code for run in (*runs, healing, last))
    return Verdict(schedule, struck, tuple(problems), codes, time.monotonic() - start)


@dataclass(frozen=True, slots=True)
class _Company:
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
        # Without a preview of its own: what would change fails the run before it is changed.
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
            return (str(Path(sys.executable).with_name("infra-apply")), *UP)
        skips = "true" if self.mode == "hasty" else "false"
        return (self._engine, *UP, f"--skip-preview={skips}", "--non-interactive")

    def _pulumi(self, *words: str) -> Run:
        return self._run(self._engine, *words, "--non-interactive")

    def _run(self, *command: str) -> Run:
        """Run a command in the project; one that hangs is killed, with the code -1."""
        offset = len(_log(self.folder))
        process = subprocess.Popen(
            command,
            cwd=self.stage.project,
            env=dict(self.env),
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
            kill(self.striker.mark)
            output, code = process.communicate()[0] + "\nerror: it hangs", -1
        kill(self.striker.mark)  # what it started and left
        return Run(code, output, tuple(_log(self.folder)[offset:]))


@contextmanager
def _company(stage: Stage, folder: Path, mode: Mode) -> Iterator[_Company]:
    folder.mkdir(parents=True)
    shutil.copy(stage.folder / "account.json", folder)
    state = folder / "state"
    shutil.copytree(stage.folder / "engine" / "state", state)
    striker = Striker(uuid.uuid4().hex, state)
    seed = read_account(folder)
    with serve(folder, seed, token=session.TOKEN, clock_scale=CLOCK, sleep=striker.pause) as server:
        env = {
            **stage.env,
            "PULUMI_BACKEND_URL": state.as_uri(),
            "DIGITALOCEAN_API_URL": server.url,
            MARK: striker.mark,
        }
        yield _Company(stage, folder, mode, server, striker, env)


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
