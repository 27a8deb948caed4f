"""Previewing and applying a stack, on a real account or a rehearsal's: the same steps for both."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from infra_apply.apply import attempts, record, retiring
from infra_apply.apply.letting_go import (
    LettingGo,
    backup_lines,
    counted,
    letting_go_lines,
)
from infra_apply.apply.pace import Pace, pace_of
from infra_apply.apply.removals import refuse_removals, removal_lines, removals
from infra_apply.apply.taken_names import (
    read_taken,
    refuse_taken,
    still_taken,
    taken_by,
    taken_file,
    write_taken,
)
from infra_apply.apply.target import Target
from infra_apply.apply.verdict import judge
from infra_apply.apply.work import changing
from infra_apply.cli.common.consent import require_consent
from infra_apply.cli.common.lock_flags import add_lock_flags, patience_of
from infra_apply.cli.common.outcome import exit_code, print_messages, show
from infra_apply.cli.common.reviewed import (
    read_reviewed,
    require_reviewed,
    save_reviewed,
)
from infra_apply.cli.common.second_look import look_once_more, print_lines, print_surplus
from infra_apply.cli.common.surplus import remove_surplus
from infra_apply.engine.lock.site import LockSite, find_site
from infra_apply.engine.lock.waiting import lift_locks, wait_until_free, work_under_way
from infra_apply.engine.run import Outcome
from infra_apply.engine.tree import lines
from infra_apply.plan.text import notes
from infra_apply.terminal import elapsed, wants_colour


@dataclass(frozen=True, slots=True)
class Context:
    """What previewing and applying need beside the target.

    `log` is the file that runs are logged in, `folders` are those whose commits are logged; the
    first is the Pulumi project's. `reword` is applied to what the engine says.
    """

    target: Target
    log: Path
    folders: Sequence[Path]
    reword: Callable[[str], str] = str


INTERRUPTED: Final = (
    "what was under way was finished and is in the state; the same command goes on from there"
)


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
        print_lines(letting_go_lines(letting_go, next_run_too=arguments.save is None))
        _check_removals(target, outcome, letting_go, arguments)
        _check_taken(target, outcome, site)
    if outcome.ok and arguments.save is not None:
        save_reviewed(target, outcome, record.commits_of(context.folders), arguments.save)
    return code


def up(context: Context, arguments: argparse.Namespace) -> int:
    """Preview, have it agreed to, apply, and look at the account once more; returns the exit code.

    Raises Refusal, Outage and Retry, in each case after saying what was done, and
    KeyboardInterrupt when the engine has finished what was in flight.
    """
    with _sigterm_interrupts(), tempfile.TemporaryDirectory(prefix="infra-apply-") as private:
        # The plan ties the update to what was agreed to; it holds user data in the clear, and is
        # gone with its folder, which nobody else may enter.
        target = replace(
            context.target,
            plan_file=Path(private, "plan.json"),
            patience=patience_of(arguments),
        )
        saved = read_reviewed(arguments.plan) if arguments.plan is not None else None
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
        _check_removals(target, planned, letting_go, arguments)
        _check_taken(target, planned, site)
        if saved is not None:
            require_reviewed(target, planned, record.commits_of(context.folders), saved)
        pace = pace_of(planned.steps, _remembered(planned), speed=target.speed)
        # A saved plan is done as it was reviewed, and its protection lifted is all of it.
        alone = saved is not None
        going = letting_go_lines(letting_go, next_run_too=not alone)
        _agree(context, planned, pace, list(going), consent=arguments.yes or alone)
        applied = retiring.apply(target, planned, pace, letting_go, next_run_too=not alone)
        if applied.outcome is not None:
            _keep_taken(applied.outcome, site)
            _tell(context, planned, applied.outcome, arguments)
        if applied.stopped_by is not None:
            if isinstance(applied.stopped_by, KeyboardInterrupt):
                print(INTERRUPTED, file=sys.stderr)
            raise applied.stopped_by
        assert applied.outcome is not None  # noqa: S101 - without one, something stopped it
        if not applied.outcome.ok:
            _print_way_on(target, applied.outcome)
            return exit_code(applied.outcome)
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


def _check_removals(
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


def _check_taken(target: Target, planned: Outcome, site: LockSite) -> None:
    """Raise Refusal where a run would take over what a stranger made under a name of ours."""
    names = read_taken(taken_file(site))
    refuse_taken(still_taken(names, planned.steps, target.plan), target.plan, target.command)


def _keep_taken(outcome: Outcome, site: LockSite) -> None:
    """Keep the names that somebody else took; those that were free, or adopted, are forgotten."""
    file, names = taken_file(site), taken_by(outcome, datetime.now(UTC))
    try:
        if names or file.exists():
            write_taken(file, names)
    except OSError as error:
        print(f"that a name was somebody else's could not be kept: {error}", file=sys.stderr)


def _remembered(planned: Outcome) -> int:
    """Count what the state has, which is refreshed one by one."""
    return sum(step.custom and step.op not in {"create", "import"} for step in planned.steps)


def _agree(
    context: Context, planned: Outcome, pace: Pace, going: Sequence[str], *, consent: bool
) -> None:
    """Say what will happen, in words and money, and ask; where nothing changes, nobody is asked."""
    plan = context.target.plan
    print_messages(planned.diagnostics, plan, "preview", reword=context.reword)
    if pace.seconds:
        print(
            f"about {pace.requests} requests to DigitalOcean, sent at the pace it allows: "
            f"about {elapsed(pace.seconds)}",
            file=sys.stderr,
        )
    if changing(planned.steps) or going:
        tree = lines(planned.steps, wants_colour(sys.stderr), notes=notes(plan))
        require_consent([*(tree[-1:] if consent else tree), *going], given=consent)


def _tell(
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
        print(f"this run could not be logged: {error}", file=sys.stderr)


def _print_way_on(target: Target, outcome: Outcome) -> None:
    """Say what state a failed update left things in, and what to run next."""
    mend = "" if judge(outcome.diagnostics).may_go_on else "mend what is named above, then "
    print_lines(
        [
            "the update was not finished",
            "  state: what was done is listed, and is in the state; it is not done again",
            f"  next:  {mend}{target.command}",
        ]
    )


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C: the engine finishes what is in flight, and what was done is told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
