"""`infra-apply gpu reap`: end what is overdue, with nothing but a token."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from infra_apply.cli.gpu.pool_context import connect_account
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.errors import Ambiguous
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.reaper import judge
from infra_apply.gpu.slot import Slot
from infra_apply.printing import print_answer, print_remark
from infra_apply.terminal import StatusLine


def run(arguments: argparse.Namespace) -> int:
    """Judge every slot of the account, and end those that must; 1 if any was only reported."""
    with connect_account(arguments) as (client, destroyer):
        judgements = judge(read_gpu_droplets(client), time.time())
        for judgement in judgements:
            verb = _VERBS[arguments.dry_run][judgement.verdict]
            print_answer(f"{verb} {_name(judgement.slot)}: {judgement.why}")
        if not judgements:
            print_answer("no slot is there")
        ending = [judgement.slot for judgement in judgements if judgement.verdict == "destroy"]
        failures = [] if arguments.dry_run else _end(ending, destroyer)
    for failure in failures:
        print_remark(f"infra-apply: {failure}")
    if failures:
        return failures[0].exit_code
    return 1 if any(judgement.verdict == "report" for judgement in judgements) else 0


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


def _name(slot: Slot) -> str:
    return f"{slot.pool} {slot.id}, droplet {slot.droplet.id}"


_VERBS: Final = {
    False: {"destroy": "end   ", "keep": "keep  ", "report": "REPORT"},
    True: {"destroy": "would end", "keep": "keep     ", "report": "REPORT   "},
}
