"""What stands before an update: what must not go or be taken over, and consent to the rest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infra_apply.apply.letting_go import LettingGo, backup_lines, counted
from infra_apply.apply.pace import Pace
from infra_apply.apply.removals import refuse_removals, removal_lines, removals
from infra_apply.apply.taken_names import read_taken, refuse_taken, still_taken, taken_file
from infra_apply.apply.target import Target
from infra_apply.apply.work import changing
from infra_apply.cli.common.consent import require_consent
from infra_apply.cli.common.context import Context
from infra_apply.cli.common.outcome import print_messages
from infra_apply.cli.common.second_look import print_lines
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.engine.tree import lines
from infra_apply.plan.text import notes
from infra_apply.terminal.layout import elapsed, wants_colour
from infra_apply.terminal.printing import print_remark


def refuse_unasked_removals(
    target: Target, planned: Outcome, letting_go: LettingGo, arguments: argparse.Namespace
) -> None:
    """Name what is only forgotten, and raise Refusal for what must not go."""
    removed = counted(removals(planned.steps), letting_go)
    print_lines(removal_lines(removed.forgets, target.plan))
    refuse_removals(
        removed,
        target.plan,
        allowed=arguments.allow_delete,
        command=target.command,
        remarks=backup_lines(letting_go),
    )


def refuse_taken_names(target: Target, planned: Outcome, site: LockSite) -> None:
    """Raise Refusal where a run would take over what a stranger made under a name of ours."""
    names = read_taken(taken_file(site))
    refuse_taken(still_taken(names, planned.steps, target.plan), target.plan, target.command)


def agree(
    context: Context, planned: Outcome, pace: Pace, going: Sequence[str], *, consent: bool
) -> None:
    """Say what will happen, in words and money, and ask; where nothing changes, nobody is asked."""
    plan = context.target.plan
    print_messages(planned.diagnostics, plan, "preview", reword=context.reword)
    if pace.seconds:
        print_remark(
            f"about {pace.requests} requests to DigitalOcean, sent at the pace it allows: "
            f"about {elapsed(pace.seconds)}"
        )
    if changing(planned.steps) or going:
        tree = lines(planned.steps, wants_colour(sys.stderr), notes=notes(plan))
        require_consent([*(tree[-1:] if consent else tree), *going], given=consent)
