"""`infra-apply db rotate|reset-password PROJECT`: another password for a project's database."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infra_apply.apply import attempts
from infra_apply.apply.rotation import Turn, change_password, read_login_of_outputs, read_turn
from infra_apply.apply.work import changing
from infra_apply.cli.common import applying, rehearsing
from infra_apply.cli.common.consent import require_consent
from infra_apply.cli.common.context import Context
from infra_apply.cli.common.lock_flags import add_lock_flags, patience_of
from infra_apply.cli.common.options import add_project_flags, require_stack
from infra_apply.cli.common.outcome import show
from infra_apply.cli.common.real_account import real_context, typed_flags
from infra_apply.engine.lock.site import find_site
from infra_apply.engine.lock.waiting import wait_until_free
from infra_apply.errors import Refusal
from infra_apply.postgres.admin import read_admin
from infra_apply.postgres.sessions import read_sessions
from infra_apply.reconcile.logins import Wish
from infra_apply.terminal.layout import elapsed, plural
from infra_apply.terminal.printing import print_remark

Verb = Callable[[Context, argparse.Namespace], int]


def add_parser(subparsers: Any) -> None:
    """Add `db` with its verbs."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "db",
        help="change the password of a project's database",
        description="On PostgreSQL two users take turns, so that no query fails; elsewhere the one "
        "password is changed, and it is said first what breaks.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    turns = _add_verb(verbs, "rotate", "give out another login, and later close the former one")
    turns.add_argument(
        "--close", action="store_true", help="close the former login, once nobody uses it"
    )
    turns.add_argument(
        "--in-use", action="store_true", help="close it although it has sessions, which go on"
    )
    turns.set_defaults(run=run_rotate)
    reset = _add_verb(verbs, "reset-password", "change the one password, which services notice")
    reset.set_defaults(run=run_reset_password)


def run_rotate(arguments: argparse.Namespace) -> int:
    """Give out the other login, or close the former one; what was done is on stdout."""
    return _run(close if arguments.close else rotate, arguments)


def run_reset_password(arguments: argparse.Namespace) -> int:
    """Change the password of the login that is given out, likewise."""
    return _run(reset_password, arguments)


def rotate(context: Context, arguments: argparse.Namespace) -> int:
    """Open the login that rests and give it out; the former one stays open.

    Where both are open already, it finishes what an earlier run began. Raises Refusal where no
    other user can take over, and what `applying.up` raises.
    """
    turn = _read(context, arguments)
    project, wish = arguments.project, None
    if len(turn.logins) > 1:
        print_remark(
            f"{project}: `{turn.given_out}` is given out already, and `{turn.other}` is open until"
            " it is closed: what is left to do of that is done, and no other rotation begins"
        )
    elif turn.obstacle:
        raise Refusal(
            f"no other user can take over the database of {project}: {turn.obstacle}",
            state="nothing was changed",
            next_step=f"change its one password: {_command(arguments, 'reset-password')}",
        )
    else:
        wish = Wish(turn.database.instance, turn.other)
        print_remark(
            f"{project}: `{turn.other}` is given out, and `{turn.given_out}` stays open until it is"
            " closed: no query fails meanwhile"
        )
        if turn.other in turn.users:
            unused = f"`{turn.other}` is closed, so its password opens nothing"
            if change_password(context.target.client, turn, turn.other, state=unused):
                print_remark(f"`{turn.other}` has a new password, which opens nothing yet")
    code = _up(context, arguments, wish)
    if code == 0:
        print_remark(
            "next: give its service the new variables, and restart or reload it:"
            f" {_env(arguments)}\nthen: {_command(arguments, 'rotate', '--close')}"
        )
    return code


def close(context: Context, arguments: argparse.Namespace) -> int:
    """Close the login that is no longer given out, and change its password.

    Where only one is open, the other's password is changed once more, as an earlier run may have
    been ended before that. Raises Refusal while the login has sessions or is still given out by the
    stack's outputs, and what `applying.up` raises.
    """
    turn = _read(context, arguments)
    project, former = arguments.project, turn.other
    if former not in turn.users:
        raise Refusal(
            f"{project} has one login, which is given out: there is nothing to close",
            state="nothing was changed",
            next_step=f"give out another one first: {_command(arguments, 'rotate')}",
        )
    code = 0
    if former in turn.logins:
        _require_given_out(context, turn, arguments)
        if not arguments.in_use:
            _require_no_sessions(context, turn, arguments)
        print_remark(f"{project}: `{former}` is closed, and its password changed")
        code = _up(context, arguments, Wish(turn.database.instance, former, closes=True))
    if code == 0:
        closed = f"`{former}` is closed: it may not connect, whatever its password"
        change_password(context.target.client, turn, former, state=closed)
        print_remark(f"{project}: `{former}` is closed; its old password opens nothing any more")
    return code


def reset_password(context: Context, arguments: argparse.Namespace) -> int:
    """Change the password of the login that is given out, and apply, so that it is known.

    Raises Refusal where the stack has anything else to apply, or nobody agrees.
    """
    turn = _read(context, arguments)
    project, target = arguments.project, context.target
    planned = attempts.preview(target)
    if not planned.ok:
        return show(planned, target.plan, "preview", "text", reword=context.reword)
    if changing(planned.steps):
        raise Refusal(
            "there is something else to apply: it would lie between the new password and the moment"
            " at which services can have it",
            state="nothing was changed",
            next_step=f"apply it first: {' '.join(['infra-apply up', *_flags(arguments)])}",
        )
    lines = [
        f"{project}: the password of `{turn.given_out}` is changed",
        "  what breaks: from then on new connections with the old password fail, until the service",
        f"  has the variables that this prints: {_env(arguments)}",
        "  what goes on: connections that are open",
    ]
    if not turn.obstacle:
        lines.append(f"  without a failed query: {_command(arguments, 'rotate')}")
    require_consent(lines, given=arguments.yes)
    unknown = f"the old password of `{turn.given_out}` may open nothing any more"
    if not change_password(target.client, turn, turn.given_out, state=unknown):
        raise Refusal(
            f"the cluster has no user `{turn.given_out}`",
            state="nothing was changed",
            next_step="apply, which makes it anew: infra-apply up",
        )
    arguments.yes = True  # nothing but the password is left to be taken into the state
    code = _up(context, arguments, None)
    if code == 0:
        print_remark(f"next: give its service the new variables, and restart it: {_env(arguments)}")
    return code


def _add_verb(verbs: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary)
    parser.add_argument("project", metavar="PROJECT", help="the project whose database it is")
    add_project_flags(parser, named=True)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_lock_flags(parser)
    rehearsing.add_account_flag(parser)
    parser.set_defaults(
        format="text", allow_delete=0, plan=None, no_snapshot=False, remove_surplus=None
    )
    return parser


def _run(verb: Verb, arguments: argparse.Namespace) -> int:
    require_stack(arguments)
    if arguments.account is not None:
        return rehearsing.run_applied(verb, arguments)
    return verb(real_context(arguments), arguments)


def _read(context: Context, arguments: argparse.Namespace) -> Turn:
    """Read whose turn it is while nobody is at work on the stack, who might change it."""
    target = context.target
    if not arguments.lift_lock:
        site = find_site(target.engine, target.folder, target.plan.stack, target.environ)
        wait_until_free(site, target.status_line, patience_of(arguments))
    return read_turn(target, arguments.project)


def _up(context: Context, arguments: argparse.Namespace, wish: Wish | None) -> int:
    """Apply with a wish, as `infra-apply up` applies."""
    target = context.target
    words = ["--close"] if arguments.verb == "rotate" and arguments.close else []
    asked = replace(
        target,
        environ={**target.environ, **(wish.environ if wish else {})},
        command=_command(arguments, arguments.verb, *words),
    )
    return applying.up(replace(context, target=asked), arguments)


def _require_given_out(context: Context, turn: Turn, arguments: argparse.Namespace) -> None:
    if read_login_of_outputs(context.target, arguments.project) != turn.given_out:
        raise Refusal(
            f"the rotation is not finished: the variables of {arguments.project} do not name"
            f" `{turn.given_out}` yet",
            state=f"nothing was changed, and `{turn.other}` is open",
            next_step=f"finish it: {_command(arguments, 'rotate')}",
        )


def _require_no_sessions(context: Context, turn: Turn, arguments: argparse.Namespace) -> None:
    sessions = read_sessions(read_admin(context.target.client, turn.cluster_id), turn.other)
    if not sessions.count:
        return
    since = (
        f"the oldest began {elapsed(sessions.oldest)} ago"
        if sessions.oldest is not None
        else "when they began is not shown to the cluster's administrator"
    )
    raise Refusal(
        f"`{turn.other}` is in use: it has {plural(sessions.count, 'session')}; {since}",
        state="nothing was changed",
        next_step=f"give its service the new variables ({_env(arguments)}), restart or reload it,"
        " and run the same again; --in-use closes it all the same, and lets sessions go on",
    )


def _command(arguments: argparse.Namespace, verb: str, *words: str) -> str:
    return " ".join(["infra-apply db", verb, arguments.project, *words, *_flags(arguments)])


def _env(arguments: argparse.Namespace) -> str:
    return " ".join(["infra-apply env", arguments.project, *_flags(arguments)])


def _flags(arguments: argparse.Namespace) -> list[str]:
    account = ["--account", str(arguments.account)] if arguments.account else []
    return [*typed_flags(arguments), *account]
