"""`infra-apply gpu reap`: end what is overdue, with nothing but a token."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from infra_apply.cli.gpu_site import account_alone
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.errors import Ambiguous
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.reaper import Judged, judge
from infra_apply.terminal import StatusLine


def run(arguments: argparse.Namespace) -> int:
    """Judge every slot of the account, and end those that must; 1 if any was only reported."""
    with account_alone(arguments) as (client, destroyer):
        found = judge(read_gpu_droplets(client), time.time())
        for one in found:
            slot = one.slot
            named = f"{slot.pool} {slot.id}, droplet {slot.droplet.id}"
            print(f"{_VERBS[arguments.dry_run][one.verdict]} {named}: {one.why}", flush=True)
        if not found:
            print("no slot is there")
        ending = [one for one in found if one.verdict == "destroy"]
        failed = [] if arguments.dry_run else _end(ending, destroyer)
    for failure in failed:
        print(f"infra-apply: {failure}", file=sys.stderr)
    if failed:
        return failed[0].exit_code
    return 1 if any(one.verdict == "report" for one in found) else 0


def _end(ending: Sequence[Judged], destroyer: Destroyer) -> list[Ambiguous]:
    """End each, whatever becomes of the others; return what is still there."""
    failed = []
    status_line = StatusLine(sys.stderr)
    for number, one in enumerate(ending, 1):
        status_line.show(f"reap: ending {one.slot.id} ({number} of {len(ending)})")
        try:
            destroyer.destroy(one.slot.droplet.id)
        except Ambiguous as failure:
            failed.append(failure)
            continue
        status_line.say(f"ended {one.slot.pool} {one.slot.id}, droplet {one.slot.droplet.id}")
    status_line.end()
    return failed


_VERBS: Final = {
    False: {"destroy": "end   ", "keep": "keep  ", "report": "REPORT"},
    True: {"destroy": "would end", "keep": "keep     ", "report": "REPORT   "},
}
