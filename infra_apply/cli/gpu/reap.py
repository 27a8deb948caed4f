"""`infra-apply gpu reap`: end what is overdue, with nothing but a token and a fleet's name."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from infra_apply.cli.common.options import pulumi_project_of
from infra_apply.cli.gpu.pool_context import connect_account
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.errors import Ambiguous, Refusal, Usage
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.fleet_settings import (
    LONGEST_HOURS,
    HourLimits,
    hour_limits,
    only_fleet,
    read_all_settings,
)
from infra_apply.gpu.reaper import judge
from infra_apply.gpu.recognition import Suspect, fleets_with_slots
from infra_apply.gpu.slot import Slot
from infra_apply.terminal.layout import StatusLine
from infra_apply.terminal.printing import print_answer, print_remark
from infra_apply.terminal.safe_text import printable


def run(arguments: argparse.Namespace) -> int:
    """Judge every slot of a fleet, and end those that must; 1 if any was only reported."""
    fleet, limits = _fleet_and_limits(arguments)
    with connect_account(arguments) as (client, destroyer):
        gpu_droplets = read_gpu_droplets(client)
        judgements = judge(gpu_droplets, fleet, limits, time.time())
        for judgement in judgements:
            verb = _VERBS[arguments.dry_run][judgement.verdict]
            print_answer(f"{verb} {_name(judgement.subject)}: {judgement.why}")
        if not judgements:
            print_answer(_nothing_there(fleet, fleets_with_slots(gpu_droplets)))
        ending = [
            judgement.subject
            for judgement in judgements
            if judgement.verdict == "destroy" and isinstance(judgement.subject, Slot)
        ]
        failures = [] if arguments.dry_run else _end(ending, destroyer)
    for failure in failures:
        print_remark(f"infra-apply: {failure}")
    if failures:
        return failures[0].exit_code
    return 1 if any(judgement.verdict == "report" for judgement in judgements) else 0


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


def _end(slots: Sequence[Slot], destroyer: Destroyer) -> list[Ambiguous]:
    """End each, whatever becomes of the others; return what is still there."""
    failures = []
    status_line = StatusLine(sys.stderr)
    for number, slot in enumerate(slots, 1):
        status_line.show(f"reap: ending {slot.id} ({number} of {len(slots)})")
        try:
            destroyer.destroy(slot.droplet.id)
        except Ambiguous as failure:
            failures.append(failure)
            continue
        status_line.say(f"ended {_name(slot)}")
    status_line.end()
    return failures


def _name(subject: Slot | Suspect) -> str:
    droplet = subject.droplet
    if isinstance(subject, Slot):
        return f"{subject.pool} {subject.id}, droplet {droplet.id}"
    return f"{printable(droplet.name)}, droplet {droplet.id}"


_VERBS: Final = {
    False: {"destroy": "end   ", "keep": "keep  ", "report": "REPORT"},
    True: {"destroy": "would end", "keep": "keep     ", "report": "REPORT   "},
}
