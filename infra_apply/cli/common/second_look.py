"""The account and the state, looked at once more after an update, or where a preview is refused."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from infra_apply.apply.live import Live, inventory, read_live, shortcomings
from infra_apply.apply.lost_answers import PATIENCE
from infra_apply.apply.remembered import read_state
from infra_apply.apply.target import Target
from infra_apply.apply.verdict import judge
from infra_apply.cli.common.surplus import describe_surplus
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage, Refusal
from infra_apply.reconcile.state import State
from infra_apply.terminal.printing import print_remark


def look_once_more(target: Target) -> int:
    """See that the account holds what the plan says, once, and clear what a kill left pending.

    Returns the exit code. Raises Outage where the account or the state cannot be read.
    """
    try:
        state = read_state(target)
        live, problems = _look_until_listed(target, state)
    except Outage as outage:
        raise Outage(
            f"the account could not be looked at once more: {outage.message}",
            state="the update itself went well",
            next_step=f"look again: {target.command}",
        ) from None
    if problems:
        print_lines(["the account is not what the plan says:"])
        print_lines(f"  {problem}" for problem in problems)
        print_lines(describe_surplus(target, live, state))
        return 1
    print_lines([f"looked at the account: {inventory(target.plan)}, each there once"])
    if state.pending_creates:
        _clear_pending(target, state)
    return 0


def _look_until_listed(target: Target, state: State) -> tuple[Live, list[str]]:
    """Look until nothing is missing, for a minute at most: what was just made is listed late."""
    until = target.clock() + PATIENCE
    while True:
        live = read_live(target.client, target.plan, state)
        problems = list(shortcomings(target.plan, live, state))
        if not problems or target.clock() >= until:
            target.status_line.end()
            return live, problems
        target.status_line.show(f"not everything is listed yet: {problems[0]}")
        target.pause(_BETWEEN_LOOKS)


def _clear_pending(target: Target, state: State) -> None:
    outcome = target.run("refresh", clear_pending_creates=True)
    names = ", ".join(urn.rpartition("::")[2] for urn in state.pending_creates)
    if not outcome.ok:
        raise Refusal(
            f"what a killed run left pending in the state ({names}) could not be cleared",
            state="everything else is as the plan says",
            next_step=f"run it again: {target.command}",
        )
    print_remark(f"cleared what a killed run had left pending in the state: {names}")


def print_surplus(target: Target, outcome: Outcome) -> None:
    """Where a preview is refused, a second droplet for a host may be why: name it."""
    if outcome.ok or not target.plan.hosts or judge(outcome.diagnostics).may_go_on:
        return
    with suppress(Outage):  # the preview's own errors are told already
        state = read_state(target)
        live = read_live(target.client, target.plan, state)
        print_lines(describe_surplus(target, live, state))


def print_lines(texts: Iterable[str]) -> None:
    """Print lines on stderr."""
    for text in texts:
        print_remark(text)


_BETWEEN_LOOKS: Final = 5.0
