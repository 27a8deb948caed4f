"""Previewing and applying a stack, on a real account or a rehearsal's: the same steps for both."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from infra_apply.apply import attempts, record, retiring
from infra_apply.apply.attempts import Applied
from infra_apply.apply.letting_go import letting_go_lines
from infra_apply.apply.pace import pace_of
from infra_apply.apply.saved_plan import SavedPlan
from infra_apply.apply.target import Target
from infra_apply.cli.common.aftermath import keep_taken_names, print_way_on, tell_what_was_done
from infra_apply.cli.common.agreement import agree, refuse_taken_names, refuse_unasked_removals
from infra_apply.cli.common.context import INTERRUPTED, Context
from infra_apply.cli.common.interrupts import sigterm_interrupts
from infra_apply.cli.common.lock_flags import add_lock_flags, patience_of
from infra_apply.cli.common.outcome import exit_code, show
from infra_apply.cli.common.reviewed import read_reviewed, require_reviewed, save_reviewed
from infra_apply.cli.common.second_look import look_once_more, print_lines, print_surplus
from infra_apply.cli.common.surplus import remove_surplus
from infra_apply.engine.lock.site import LockSite, find_site
from infra_apply.engine.lock.waiting import lift_locks, wait_until_free, work_under_way
from infra_apply.engine.run import Outcome
from infra_apply.errors import Usage
from infra_apply.terminal.printing import print_remark


def add_apply_flags(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add the flags of `preview` or `up`, `--format` aside."""
    parser.add_argument(
        "--allow-delete",
        metavar="N",
        type=_count,
        default=0,
        help="let at most N resources be deleted (default: 0)",
    )
    if verb == "preview":
        parser.add_argument(
            "--save", metavar="FILE", type=Path, help="keep a digest of it, for `up --plan FILE`"
        )
    if verb == "up":
        parser.add_argument(
            "--plan",
            metavar="FILE",
            type=Path,
            help="do what `preview --save FILE` showed and nothing else, without asking",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--no-snapshot",
            action="store_true",
            help="take no snapshot of a retired droplet before it is destroyed",
        )
        add_lock_flags(parser)
        parser.add_argument(
            "--remove-surplus",
            metavar="ID",
            type=int,
            help="first destroy this droplet, a second one of ours for a host",
        )


def preview(context: Context, arguments: argparse.Namespace) -> int:
    """Show what `up` would do; 1 where `up` would refuse to."""
    target = context.target
    site = _site(target)
    told = _tell_of_work(target, site)
    outcome = attempts.preview(target)
    if not told:
        _tell_of_work(target, site)
    code = show(outcome, target.plan, "preview", arguments.format, reword=context.reword)
    print_surplus(target, outcome)
    if outcome.ok:
        letting_go = retiring.find_letting_go(target, with_snapshots=True, now=datetime.now(UTC))
        print_lines(letting_go_lines(letting_go))
        refuse_unasked_removals(target, outcome, letting_go, arguments)
        refuse_taken_names(target, outcome, site)
    if outcome.ok and arguments.save is not None:
        commits = record.commits_of(context.folders)
        save_reviewed(target, outcome, letting_go, commits, arguments.save)
        allowed = f" --allow-delete {arguments.allow_delete}" if arguments.allow_delete else ""
        way_on = f"{target.command}{allowed} --plan {arguments.save}"
        target.status_line.say(f"saved for review; to do exactly this: {way_on}")
    return code


def up(context: Context, arguments: argparse.Namespace) -> int:
    """Preview, have it agreed to, apply, and look at the account once more; returns the exit code.

    Raises Refusal, Outage and Retry, in each case after saying what was done, and
    KeyboardInterrupt when the engine has finished what was in flight.
    """
    with sigterm_interrupts(), tempfile.TemporaryDirectory(prefix="infra-apply-") as private:
        # The plan ties the update to what was agreed to; it holds user data in the clear, and is
        # gone with its folder, which nobody else may enter.
        plan_file = Path(private, "plan.json")
        target = replace(context.target, plan_file=plan_file, patience=patience_of(arguments))
        return _up(replace(context, target=target), arguments)


def _up(context: Context, arguments: argparse.Namespace) -> int:
    target = context.target
    saved = _reviewed(arguments)
    site = _site(target)
    if arguments.lift_lock:
        lift_locks(site, target.status_line)
    wait_until_free(site, target.status_line, target.patience)
    if arguments.remove_surplus is not None:
        remove_surplus(target, arguments.remove_surplus, consent=arguments.yes)
    planned = _preview_alone(target, site)
    if not planned.ok:
        code = show(planned, target.plan, "preview", arguments.format, reword=context.reword)
        print_surplus(target, planned)
        return code
    letting_go = retiring.find_letting_go(
        target, with_snapshots=not arguments.no_snapshot, now=datetime.now(UTC)
    )
    refuse_unasked_removals(target, planned, letting_go, arguments)
    refuse_taken_names(target, planned, site)
    if saved is not None:
        commits = record.commits_of(context.folders)
        require_reviewed(target, planned, letting_go, commits, saved)
    pace = pace_of(planned.steps, _remembered(planned), speed=target.speed)
    going = list(letting_go_lines(letting_go))
    agree(context, planned, pace, going, consent=arguments.yes or saved is not None)
    applied = retiring.apply(target, planned, pace, letting_go)
    return _finish(context, planned, applied, arguments)


def _reviewed(arguments: argparse.Namespace) -> SavedPlan | None:
    if arguments.plan is not None and arguments.no_snapshot:
        raise Usage(
            "a review rests on the snapshots that it says are taken",
            next_step="leave out --no-snapshot, or --plan",
        )
    return read_reviewed(arguments.plan) if arguments.plan is not None else None


def _finish(
    context: Context, planned: Outcome, applied: Applied, arguments: argparse.Namespace
) -> int:
    """Tell and keep what was done; then raise what stopped it, or look at the account again."""
    target, outcome = context.target, applied.outcome
    if outcome is not None:
        keep_taken_names(outcome, _site(target))
        tell_what_was_done(context, planned, outcome, arguments)
    if applied.stopped_by is not None:
        if isinstance(applied.stopped_by, KeyboardInterrupt):
            print_remark(INTERRUPTED)
        raise applied.stopped_by
    assert outcome is not None  # noqa: S101 - without one, something stopped it
    if not outcome.ok:
        print_way_on(target, outcome)
        return exit_code(outcome)
    return look_once_more(target)


def _preview_alone(target: Target, site: LockSite) -> Outcome:
    """Preview while nobody is at work: beside another run the half of what it does would show."""
    while True:
        wait_until_free(site, target.status_line, target.patience)
        planned = attempts.preview(target)
        if work_under_way(site) is None:
            return planned


def _site(target: Target) -> LockSite:
    return find_site(target.engine, target.folder, target.plan.stack, target.environ)


def _tell_of_work(target: Target, site: LockSite) -> bool:
    """Say who is at work on the stack; True if anybody is. A preview takes no lock."""
    holders = work_under_way(site)
    if holders is not None:
        target.status_line.say(
            f"stack {target.plan.stack} is being worked on by {holders}: this preview may show"
            " half of that, or fail on it; preview again when it has ended"
        )
    return holders is not None


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word} is no number of resources")
    return int(word)


def _remembered(planned: Outcome) -> int:
    """Count what the state has, which is refreshed one by one."""
    return sum(step.custom and step.op not in {"create", "import"} for step in planned.steps)
