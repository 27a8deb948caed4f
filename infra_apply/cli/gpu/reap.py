"""`infra-apply gpu reap`: end what is overdue, with nothing but a token and a fleet's name."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final

from infra_apply.cli.common.options import pulumi_project_of
from infra_apply.cli.gpu.pool_context import connect_account
from infra_apply.digitalocean.client import Client, TokenRefused
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.digitalocean.read import read_droplets_by_id, read_gpu_droplets
from infra_apply.errors import Ambiguous, Failure, Outage, Refusal, Retry, Usage
from infra_apply.gpu.destroyer import ENDING_SCOPES, Destroyer
from infra_apply.gpu.fleet_settings import (
    LONGEST_HOURS,
    HourLimits,
    hour_limits,
    only_fleet,
    read_all_settings,
)
from infra_apply.gpu.heartbeat import HEARTBEAT_SCOPES, leave_heartbeat, remove_older_heartbeats
from infra_apply.gpu.reaper import Judgement, judge, judge_again
from infra_apply.gpu.recognition import Suspect, fleets_with_slots
from infra_apply.gpu.slot import Slot
from infra_apply.terminal.layout import StatusLine, plural
from infra_apply.terminal.printing import print_answer, print_remark
from infra_apply.terminal.safe_text import printable


def run(arguments: argparse.Namespace) -> int:
    """Judge every slot of a fleet, and end those that must; 1 if any was only reported.

    Each is judged again, as it is then, right before it is ended. Raises TokenRefused where the
    token does not let anybody look; what a later request meets is said, and the exit code is 3.
    """
    fleet, limits = _fleet_and_limits(arguments)
    with connect_account(arguments) as (client, destroyer):
        gpu_droplets = _gpu_droplets(client)
        judgements = judge(gpu_droplets, fleet, limits, time.time())
        for judgement in judgements:
            verb = _VERBS[arguments.dry_run][judgement.verdict]
            print_answer(f"{verb} {_name(judgement.subject)}: {judgement.why}")
        if not judgements:
            print_answer(_nothing_there(fleet, fleets_with_slots(gpu_droplets)))
        reported = any(judgement.verdict == "report" for judgement in judgements)
        failures: list[Failure] = []
        if not arguments.dry_run:
            ending = [judgement for judgement in judgements if judgement.verdict == "destroy"]
            judge_now = partial(_judge_now, client, fleet, limits)
            failures, reported_now = _end(ending, judge_now, destroyer)
            reported |= reported_now
            # A run that may not end anything is none, whatever scales may rely on.
            if not any(isinstance(failure, TokenRefused) for failure in failures):
                failures += _leave_heartbeat(client, fleet)
    for failure in failures:
        print_remark(f"infra-apply: {failure}")
    if failures:
        return failures[0].exit_code
    return 1 if reported else 0


def _fleet_and_limits(arguments: argparse.Namespace) -> tuple[str, HourLimits]:
    """Return whose slots are judged, and how long they may live.

    A fleet that is named needs no settings. Raises Usage and Refusal where none is, and the
    settings do not say it.
    """
    try:
        settings = read_all_settings(pulumi_project_of(arguments))
    except Refusal as refusal:
        if arguments.fleet is None:
            raise
        print_remark(f"infra-apply: {refusal.message}; no pool's hours are known")
        settings = ()
    except Usage as usage:
        if arguments.fleet is None:
            raise Usage(
                f"no fleet is named, and {usage.message}", next_step="name it: --fleet NAME"
            ) from None
        settings = ()
    fleet = only_fleet(settings) if arguments.fleet is None else arguments.fleet
    own = (stack for stack in settings if stack.fleet.lower() == fleet.lower())
    return fleet, hour_limits(own, arguments.max_hours or LONGEST_HOURS)


def _nothing_there(fleet: str, others: Sequence[str]) -> str:
    """A misspelt fleet must not look like one without slots."""
    there = f"; there are slots of: {', '.join(others)}" if others else ""
    return f"no slot of {printable(fleet)} is there{there}"


def _gpu_droplets(client: Client) -> list[LiveDroplet]:
    try:
        return read_gpu_droplets(client)
    except TokenRefused as refused:
        state = "nobody looked: what is overdue is still there, and bills"
        raise refused.with_needs(ENDING_SCOPES, state) from None


def _judge_now(client: Client, fleet: str, limits: HourLimits, droplet_id: int) -> Judgement | None:
    """Judge a droplet as it is now; None for one that is gone. Raises Outage."""
    for droplet in read_droplets_by_id(client, [droplet_id]):
        return judge_again(droplet, fleet, limits, time.time())
    return None


def _end(
    ending: Sequence[Judgement],
    judge_now: Callable[[int], Judgement | None],
    destroyer: Destroyer,
) -> tuple[list[Failure], bool]:
    """End what the second look ends too, whatever becomes of the others.

    Return what failed, and whether a second look reported anything. A refused token stops it,
    since it would be refused for the others too.
    """
    failures: list[Failure] = []
    reported = False
    status_line = StatusLine(sys.stderr)
    for number, judgement in enumerate(ending, 1):
        name = _name(judgement.subject)
        status_line.show(f"reap: ending {name} ({number} of {len(ending)})")
        try:
            again = judge_now(judgement.droplet.id)
            if again is not None and again.verdict == "destroy":
                destroyer.destroy(again.droplet.id)
        except TokenRefused as refused:
            state = f"{plural(len(ending) - number + 1, 'slot')} may still be there, and bill"
            failures.append(refused.with_needs(ENDING_SCOPES, state))
            break
        except (Outage, Ambiguous) as failure:
            failures.append(failure)
            continue
        reported |= again is not None and again.verdict == "report"
        status_line.say(_what_became(name, again))
    status_line.end()
    return failures, reported


def _leave_heartbeat(client: Client, fleet: str) -> list[TokenRefused]:
    """Leave this run's heartbeat; return a refusal of the token itself.

    Anything else that stands in its way is said, and takes nothing from what the run has done.
    """
    now = time.time()
    steps = (
        (leave_heartbeat, "this run leaves no heartbeat, so `gpu scale` does not know of it"),
        (remove_older_heartbeats, "older heartbeats stay on the account"),
    )
    for step, otherwise in steps:
        try:
            step(client, fleet, now)
        except TokenRefused as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED:
                return [refused.with_needs((*ENDING_SCOPES, *HEARTBEAT_SCOPES), state=otherwise)]
            print_remark(f"infra-apply: {refused.with_needs(HEARTBEAT_SCOPES, state=otherwise)}")
            return []
        except (Outage, Retry, Ambiguous) as failure:
            print_remark(f"infra-apply: {otherwise}: {failure.message}")
            return []
    return []


def _what_became(name: str, again: Judgement | None) -> str:
    if again is None:
        return f"gone  {name}: it was gone already"
    if again.verdict == "destroy":
        return f"ended {name}"
    return f"{_VERBS[False][again.verdict]} {name}, looked at again: {again.why}"


def _name(subject: Slot | Suspect) -> str:
    droplet = subject.droplet
    if isinstance(subject, Slot):
        return f"{subject.pool} {subject.id}, droplet {droplet.id}"
    return f"{printable(droplet.name)}, droplet {droplet.id}"


_VERBS: Final = {
    False: {"destroy": "end   ", "keep": "keep  ", "report": "REPORT"},
    True: {"destroy": "would end", "keep": "keep     ", "report": "REPORT   "},
}
