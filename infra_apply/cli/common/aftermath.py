"""What is told and kept of an update, whatever became of it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from infra_apply.apply import record
from infra_apply.apply.taken_names import taken_by, taken_file, write_taken
from infra_apply.apply.target import Target
from infra_apply.apply.verdict import judge
from infra_apply.apply.work import changing
from infra_apply.cli.common.context import Context
from infra_apply.cli.common.outcome import show
from infra_apply.cli.common.second_look import print_lines
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.terminal.printing import print_remark


def tell_what_was_done(
    context: Context, planned: Outcome, outcome: Outcome, arguments: argparse.Namespace
) -> None:
    """Print what was done, whatever became of the run, and log it."""
    show(
        outcome,
        context.target.plan,
        "up",
        arguments.format,
        known=planned.diagnostics,
        reword=context.reword,
    )
    if not changing(outcome.steps):
        return
    commits = record.commits_of(context.folders)
    project = context.folders[0]
    line = record.entry(context.target.plan.stack, project, outcome, commits, now=datetime.now(UTC))
    try:
        record.append(context.log, line)
    except OSError as error:
        print_remark(f"this run could not be logged: {error}")


def keep_taken_names(outcome: Outcome, site: LockSite) -> None:
    """Keep the names that somebody else took; those that were free, or adopted, are forgotten."""
    file, names = taken_file(site), taken_by(outcome, datetime.now(UTC))
    try:
        if names or file.exists():
            write_taken(file, names)
    except OSError as error:
        print_remark(f"that a name was somebody else's could not be kept: {error}")


def print_way_on(target: Target, outcome: Outcome) -> None:
    """Say what state a failed update left things in, and what to run next."""
    mend = "" if judge(outcome.diagnostics).may_go_on else "mend what is named above, then "
    print_lines(
        [
            "the update was not finished",
            "  state: what was done is listed, and is in the state; it is not done again",
            f"  next:  {mend}{target.command}",
        ]
    )
