"""Going on after outages, and stopping at everything else."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra_apply.apply.attempts import Applied, apply, preview
from infra_apply.apply.pace import Pace
from infra_apply.apply.target import Target
from infra_apply.digitalocean.client import Client
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Interrupted, Outcome
from infra_apply.errors import Outage, Refusal, Retry
from infra_apply.terminal.layout import StatusLine
from tests import companies
from tests.apply.steps import error, outcome, step
from tests.apply.test_lost_answers import Clock, ListingClient

PLAN = companies.plan(companies.service("shop"))
INPUTS = {"name": "lime", "tags": ["infra-apply:acme:prod"]}
CREATE = step("create", "Droplet", "lime", inputs=INPUTS)
FAILED = step("create", "Droplet", "lime", inputs=INPUTS, status="failed")
API = "https://api.example.com/v2/droplets"
LOST = error(f'Post "{API}": EOF')
REFUSED = error(f'POST {API}: 422 (request "1") name is taken')
LIMITED = error(f"POST {API}: 429 too many")


class Stage:
    """Plays outcomes, one a run; keeps what was run, what was said, and how long was waited."""

    def __init__(self, *outcomes: Outcome | BaseException, listed: Any = ()) -> None:
        self._outcomes = list(outcomes)
        self.verbs: list[str] = []
        self.rates: list[str | None] = []
        self.clock = Clock()
        self.stderr = io.StringIO()
        self.target = Target(
            plan=PLAN,
            engine=Engine(Path("pulumi"), "3.259.0", "path", ""),
            folder=Path(),
            environ={},
            client=ListingClient(lambda: list(listed)),
            status_line=StatusLine(self.stderr),
            pause=self.clock.pause,
            clock=self.clock.seconds,
            command="infra-apply up --stack prod",
            run_engine=self._run,
        )

    def _run(self, verb: str, *, environ: Mapping[str, str], **_: Any) -> Outcome:
        self.verbs.append(verb)
        self.rates.append(environ.get("DIGITALOCEAN_REQUESTS_PER_SECOND"))
        played = self._outcomes.pop(0)
        if isinstance(played, BaseException):
            raise played
        return played

    def look_with(self, client: Client) -> None:
        """Have the account read by another client."""
        self.target = replace(self.target, client=client)

    def apply(self) -> Applied:
        return apply(self.target, [CREATE], Pace(0), allowed_deletes=0)


def planned(*steps: Any) -> Outcome:
    return outcome(*steps, acted=False)


def done(applied: Applied) -> Outcome:
    assert applied.outcome is not None
    return applied.outcome


def test_what_goes_well_is_run_once() -> None:
    stage = Stage(outcome(CREATE))
    assert done(stage.apply()).ok
    assert (stage.verbs, stage.clock.now) == (["up"], 0)


def test_after_a_limit_it_waits_previews_and_goes_on() -> None:
    stage = Stage(outcome(FAILED, errors=[LIMITED]), planned(CREATE), outcome(CREATE))
    applied = stage.apply()
    assert (done(applied).ok, done(applied).changes) == (True, {"create": 1})
    assert stage.verbs == ["up", "preview", "up"]
    assert stage.clock.now == 10
    assert "429 too many" in stage.stderr.getvalue()
    assert "in 10 s" in stage.stderr.getvalue()


def test_after_a_limit_it_keeps_to_what_is_allowed_for_ever() -> None:
    stage = Stage(outcome(FAILED, errors=[LIMITED]), planned(CREATE), outcome(CREATE))
    stage.apply()
    assert stage.rates == [None, None, "4"]
    again = Stage(outcome(acted=False, errors=[LIMITED]), planned(CREATE))
    preview(again.target)
    assert again.rates == [None, "4"]


def test_after_a_lost_create_it_takes_over_what_it_finds() -> None:
    imported = step("import", "Droplet", "lime", inputs=INPUTS)
    stage = Stage(
        outcome(FAILED, errors=[LOST]), planned(imported), outcome(imported), listed=[INPUTS]
    )
    assert done(stage.apply()).changes == {"import": 1}
    assert stage.clock.now == 10
    assert "Droplet lime: it is there, and is taken over" in stage.stderr.getvalue()


def test_after_a_lost_create_that_made_nothing_it_looks_for_a_minute() -> None:
    stage = Stage(outcome(FAILED, errors=[LOST]), planned(CREATE), outcome(CREATE))
    assert done(stage.apply()).ok
    assert stage.clock.now == 60 + 10
    assert "nothing is there" in stage.stderr.getvalue()


def test_a_refusal_is_never_asked_for_again() -> None:
    stage = Stage(outcome(FAILED, errors=[REFUSED]))
    assert not done(stage.apply()).ok
    assert (stage.verbs, stage.clock.now) == (["up"], 0)


def test_an_outage_that_lasts_ends_after_three_more_tries() -> None:
    stage = Stage(
        *[outcome(FAILED, errors=[LIMITED]), planned(CREATE)] * 3,
        outcome(FAILED, errors=[LIMITED]),
    )
    assert not done(stage.apply()).ok
    assert stage.verbs.count("up") == 4
    assert stage.clock.now == 10 + 30 + 90


def test_more_than_was_agreed_to_is_not_done() -> None:
    more = step("update", "Droplet", "basil")
    stage = Stage(outcome(FAILED, errors=[LIMITED]), planned(CREATE, more))
    applied = stage.apply()
    assert isinstance(applied.stopped_by, Refusal)
    assert "update Droplet basil" in applied.stopped_by.message
    assert stage.verbs == ["up", "preview"]


def test_a_deletion_that_shows_up_meanwhile_is_not_done() -> None:
    stage = Stage(
        outcome(FAILED, errors=[LIMITED]), planned(CREATE, step("delete", "Droplet", "basil"))
    )
    assert isinstance(stage.apply().stopped_by, Refusal)
    assert stage.verbs == ["up", "preview"]


def test_what_was_done_is_known_also_when_the_next_run_cannot_start() -> None:
    tag = step("create", "Tag", "t")
    stage = Stage(
        outcome(tag, FAILED, errors=[LIMITED]), planned(CREATE), Retry("the stack is locked")
    )
    applied = stage.apply()
    assert isinstance(applied.stopped_by, Retry)
    assert done(applied).changes == {"create": 1}


def test_what_was_done_is_known_after_an_interrupt() -> None:
    stage = Stage(Interrupted(outcome(step("create", "Tag", "t"), ok=False)))
    applied = stage.apply()
    assert isinstance(applied.stopped_by, KeyboardInterrupt)
    assert done(applied).changes == {"create": 1}


def test_a_run_that_never_started_did_nothing() -> None:
    applied = Stage(Outage("the engine does not start")).apply()
    assert applied.outcome is None
    assert isinstance(applied.stopped_by, Outage)


@pytest.mark.parametrize(
    ("outcomes", "runs", "seconds"),
    [
        ([planned(CREATE)], 1, 0),
        ([outcome(acted=False, errors=[LIMITED]), planned(CREATE)], 2, 10),
        ([outcome(acted=False, errors=[REFUSED])], 1, 0),
        ([outcome(acted=False, errors=[LIMITED])] * 4, 4, 130),
    ],
)
def test_a_preview_is_tried_again_after_an_outage(
    outcomes: list[Outcome], runs: int, seconds: float
) -> None:
    stage = Stage(*outcomes)
    assert preview(stage.target) == outcomes[-1]
    assert (len(stage.verbs), stage.clock.now) == (runs, seconds)


MOVED = error("resource urn violates plan: properties changed: ++inboundRules[{}]", "Firewall")


def test_what_another_run_has_done_meanwhile_is_found_done() -> None:
    stage = Stage(outcome(FAILED, errors=[MOVED]), planned(), outcome(step("same", "Host", "lime")))
    assert done(stage.apply()).ok
    assert stage.verbs == ["up", "preview", "up"]
    assert "another run has meanwhile done what was to be done" in stage.stderr.getvalue()


def test_what_has_moved_and_is_not_done_is_left_to_who_asked() -> None:
    stage = Stage(outcome(FAILED, errors=[MOVED]), planned(CREATE))
    assert not done(stage.apply()).ok
    assert stage.verbs == ["up", "preview"]
