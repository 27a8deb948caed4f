"""Plays a schedule: struck runs, a healing run and an unchanged one, with the real engine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.schedules.fleets import read_account
from tests.schedules.judge import PENDING, judge
from tests.schedules.runs import Mode, Run, open_company
from tests.schedules.schedule import Request, Schedule, requests_of
from tests.schedules.stage import Stage

Outcome = Literal["right", "pending", "torn", "not struck", "wrong"]
TORN: Final = "failed to load checkpoint: EOF"


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
        """What it comes to.

        `pending`: all is right but a pending operation, which no plain run takes away. `torn`: the
        engine no longer reads its state (`Stage.attributes`). `not struck`: all is right, and at
        least one request that was to be struck never came.
        """
        if any(TORN in problem for problem in self.wrong):
            return "torn"
        if self.wrong:
            only_pending = all(problem.startswith(PENDING) for problem in self.wrong)
            return "pending" if only_pending else "wrong"
        return "right" if self.struck else "not struck"


def record(stage: Stage, folder: Path, mode: Mode) -> list[list[Request]]:
    """Return the requests of a clean first run and of the next. Raises ValueError if one fails."""
    with open_company(stage, folder, mode) as company:
        runs = [company.up(None), company.up(None)]
    for run in runs:
        if run.code:
            raise ValueError(f"a clean run fails: {run.output}")
    return [requests_of(run.log) for run in runs]


def play(stage: Stage, schedule: Schedule, folder: Path, mode: Mode) -> Verdict:
    """Play a schedule on a copy of the stage in `folder`, and judge the end."""
    start = time.monotonic()
    before = read_account(stage.folder)
    with open_company(stage, folder, mode) as company:
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
