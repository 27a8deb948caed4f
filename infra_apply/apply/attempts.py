"""Previewing and applying, gone on with after outages until the work is done or may not go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.apply.lost_answers import look_for, sought_objects
from infra_apply.apply.pace import Pace, slowed
from infra_apply.apply.removals import refuse_removals, removals
from infra_apply.apply.target import Target
from infra_apply.apply.verdict import Verdict, judge
from infra_apply.apply.wording import resource_label
from infra_apply.apply.work import changing, joined, unapproved
from infra_apply.engine.events import Step
from infra_apply.engine.run import Interrupted, Outcome
from infra_apply.errors import Failure, Refusal
from infra_apply.terminal.layout import plural

WAITS: Final = (10.0, 30.0, 90.0)
"""Seconds between tries after an outage."""


def preview(target: Target) -> Outcome:
    """Preview a stack; after an outage it is tried again, three times at most.

    Where DigitalOcean's limit was met, the next tries keep to it.
    """
    environ: Mapping[str, str] = {}
    for wait in WAITS:
        outcome = target.run("preview", environ=environ)
        verdict = judge(outcome.diagnostics)
        if outcome.ok or not verdict.may_go_on:
            return outcome
        _say_outage(target, "the preview", verdict, wait)
        environ = slowed(target.speed) if verdict.limited else environ
        target.pause(wait)
    return target.run("preview", environ=environ)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done in all runs together, and what stopped the last one, if it did not just end.

    `outcome` is None where the first run was stopped before the engine told anything.
    """

    outcome: Outcome | None
    stopped_by: Failure | KeyboardInterrupt | None = None


def apply(target: Target, approved: Sequence[Step], pace: Pace, *, allowed_deletes: int) -> Applied:
    """Do what was `approved`, and go on after outages.

    After a create whose answer was lost it first looks at the account until the object is found or
    can be taken as not made. Before each further run it previews again, and is stopped by a Refusal
    where that would do more than was approved.
    """
    outcomes: list[Outcome] = []
    environ = pace.environ
    stopped_by: Failure | KeyboardInterrupt | None = None
    try:
        for wait in (*WAITS, None):
            outcomes.append(target.run("up", environ=environ))
            verdict = judge(outcomes[-1].diagnostics)
            if verdict.has_moved and wait is not None and _is_done(target):
                continue
            if outcomes[-1].ok or not verdict.may_go_on or wait is None:
                break
            _settle(target, outcomes[-1], verdict, wait)
            environ = slowed(target.speed) if verdict.limited else environ
            again = preview(target)
            if not again.ok:
                outcomes.append(again)
                break
            refuse_removals(
                removals(again.steps), target.plan, allowed=allowed_deletes, command=target.command
            )
            refuse_unapproved(target, again.steps, approved)
    except Interrupted as interrupted:
        outcomes.append(interrupted.outcome)
        stopped_by = interrupted
    except (Failure, KeyboardInterrupt) as stop:
        stopped_by = stop
    return Applied(joined(outcomes) if outcomes else None, stopped_by)


def _is_done(target: Target) -> bool:
    """Say whether another run has meanwhile done all that there was to do."""
    again = preview(target)
    done = again.ok and not changing(again.steps)
    if done:
        target.status_line.say("another run has meanwhile done what was to be done")
    return done


def _settle(target: Target, outcome: Outcome, verdict: Verdict, wait: float) -> None:
    """Wait until the account tells what the failed run left behind."""
    _say_outage(target, "the update", verdict, wait)
    sought = sought_objects(outcome.steps, verdict.lost_creates)
    if sought:
        names = ", ".join(resource_label(urn, target.plan) for urn in verdict.lost_creates)
        target.status_line.say(f"{names}: the answer was lost; looking whether it was made")
        made = look_for(target.client, sought, pause=target.pause, clock=target.clock)
        result = "it is there, and is taken over" if made else "nothing is there, and it is made"
        target.status_line.say(f"{names}: {result} with the next run")
    target.pause(wait)


def _say_outage(target: Target, what: str, verdict: Verdict, wait: float) -> None:
    reasons = "; ".join(verdict.reasons) or "DigitalOcean was waited for in vain"
    target.status_line.say(
        f"{what} met an outage ({reasons}); it goes on by itself in {wait:.0f} s"
    )


def refuse_unapproved(target: Target, steps: Sequence[Step], approved: Sequence[Step]) -> None:
    """Raise Refusal where what is left to do is not what was agreed to."""
    more = unapproved(steps, approved)
    if more:
        names = ", ".join(f"{step.op} {resource_label(step.urn, target.plan)}" for step in more)
        raise Refusal(
            f"what is left to do is more than what was agreed to: {names}",
            state=f"{plural(len(more), 'change')} of it not done; what was done is in the state",
            next_step=f"look at it and agree again: {target.command}",
        )
