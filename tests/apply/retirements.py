"""What is retired, and an account and an engine that play its removal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra_apply.apply import retiring
from infra_apply.apply.attempts import Applied
from infra_apply.apply.letting_go import LettingGo, letting_go_lines
from infra_apply.apply.pace import Pace
from infra_apply.apply.snapshots import LastSnapshot
from infra_apply.apply.target import Target
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.engine.events import Step
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Outcome
from infra_apply.errors import Failure
from infra_apply.plan.model import Fate
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.state import StateResource
from infra_apply.terminal.layout import StatusLine
from tests import companies
from tests.apply.steps import outcome
from tests.apply.test_lost_answers import Clock
from tests.reconcile.worlds import database_state, droplet, host_state

PLAN = companies.plan(companies.service("wiki", "basil"))
NOW = datetime(2026, 11, 25, 10, 46, 30, tzinfo=UTC)
NAME = "lime-retired-20261125-1046"
LIME = replace(droplet(), made_at=None)
SNAPSHOT = LastSnapshot("lime", LIME, NAME)


def retirement(remembered: tuple[StateResource, ...], fate: Fate = "destroy") -> Retirement:
    component, *children = remembered
    return Retirement(component, tuple(children), fate)


def letting_go(*retirements: Retirement, **fields: Any) -> LettingGo:
    fields.setdefault("in_two_runs", True)
    fields.setdefault("droplets", {"7": LIME})
    return LettingGo(retirements, **fields)


def deletions(retired: Retirement, *, retain: bool = False) -> list[Step]:
    """What a preview shows once the protection of a retirement is lifted."""
    held = [
        Step("delete", child.urn, child.type, child.name, id=child.id, custom=True, retain=retain)
        for child in retired.children
    ]
    component = retired.component
    return [*held, Step("delete", component.urn, component.type, component.name, status="done")]


HOST = retirement(host_state(7))
KEPT_HOST = retirement(host_state(7), "keep")
DATABASE = retirement(database_state(grants=True))


def said(gone: LettingGo) -> str:
    return "\n".join(letting_go_lines(gone))


class Account(Client):
    """An account in which snapshots of droplet 7 take a minute.

    `answers` are the failures of the requests for one, in turn; `makes` says whether one is made.
    """

    def __init__(
        self, clock: Clock, *answers: Failure | None, makes: bool = True, listed: Any = ()
    ) -> None:
        super().__init__(Credentials("http://127.0.0.1:9", "t"))
        self._clock, self._answers, self._makes = clock, list(answers), makes
        self._listed = list(listed)
        self._under_way: list[tuple[float, str]] = []
        self.asked: list[str] = []

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        self.asked.append(f"{path} {body['name']}")
        answer = self._answers.pop(0) if self._answers else None
        if self._makes:
            self._under_way.append((self._clock.now + 300, body["name"]))
        if answer is not None:
            raise answer

    def list(self, path: str, key: str, **query: str) -> Iterator[dict[str, Any]]:
        del query
        waiting = [(at, name) for at, name in self._under_way if at > self._clock.now]
        if key == "actions":
            yield from ({"type": "snapshot", "status": "in-progress"} for _ in waiting)
        elif key == "snapshots":
            made = [name for at, name in self._under_way if at <= self._clock.now]
            yield from ({"id": 1, "name": name, "size_gigabytes": 2.5} for name in made)
            yield from self._listed
        else:
            raise AssertionError(path)


class Stage:
    """Plays outcomes, one a run of the engine, on an account."""

    def __init__(self, *outcomes: Outcome, **fields: Any) -> None:
        self.clock = Clock()
        self.client = Account(self.clock, *fields.pop("answers", ()), **fields)
        self.verbs: list[str] = []
        self.stderr = io.StringIO()
        self._outcomes = list(outcomes)
        self.target = Target(
            plan=PLAN,
            engine=Engine(Path("pulumi"), "3.259.0", "path", ""),
            folder=Path(),
            environ={},
            client=self.client,
            status_line=StatusLine(self.stderr),
            pause=self.clock.pause,
            clock=self.clock.seconds,
            command="infra-apply up --stack prod",
            run_engine=self._run,
        )

    def _run(self, verb: str, **_: Any) -> Outcome:
        self.verbs.append(f"{verb} after {len(self.client.asked)} snapshots")
        return self._outcomes.pop(0)

    def apply(self, gone: LettingGo, *first: Step) -> Applied:
        planned = outcome(*first, acted=False)
        return retiring.apply(self.target, planned, Pace(0), gone)
