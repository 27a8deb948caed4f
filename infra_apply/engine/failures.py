"""Why the engine's CLI failed, as the failure that its user should see."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pulumi.automation.errors import CommandError

from infra_apply.errors import Failure, LockHolder, Outage, Retry, Usage

if TYPE_CHECKING:
    from pulumi.automation import CommandResult, LocalWorkspace

# pkg/backend/diy/lock.go, v3.259
_LOCKED = "the stack is currently locked by"
_HOLDER = re.compile(r"created by (?P<user>.+?) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
_CLOUD_CONFLICT = "Another update is currently in progress"
# pkg/backend/diy/state.go and pkg/resource/stack/checkpoint.go, v3.259
_UNREADABLE = "failed to load checkpoint"
_NEWER = re.compile(r"unsupported checkpoint version|needs support for the following features")
_PASSPHRASE = re.compile(r"incorrect passphrase|passphrase must be set")
_ERROR = re.compile(r"^error: ", re.MULTILINE)
_CRASH = re.compile(
    r"^(panic:|fatal error:|The Pulumi CLI encountered a fatal error)", re.MULTILINE
)


def failure_of(result: CommandResult, stack: str, *, reported: bool) -> Failure | None:
    """Give the failure behind a result with a bad exit code; None if it is in the diagnostics.

    `reported` says that the event stream carried an error: then the run itself went wrong, and its
    own messages explain it.
    """
    output = f"{result.stderr}\n{result.stdout}"
    if _LOCKED in output or _CLOUD_CONFLICT in output:
        return _locked(output, stack)
    if _PASSPHRASE.search(result.stderr):
        return Usage(
            f"stack {stack}: the passphrase of its secrets is missing or wrong",
            state="nothing was changed",
            next_step="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
        )
    if result.code < 0 or _CRASH.search(output):
        return _crashed(result, stack)
    if reported:
        return None
    if _UNREADABLE in result.stderr:
        return _unreadable_state(result, stack)
    return Outage(
        f"the engine failed before it came to a resource: {_last_error(result)}",
        state="nothing was changed",
        next_step="see to it that the store of the state can be written to, and run this again",
    )


def no_such_stack(name: str, workspace: LocalWorkspace) -> Usage:
    """Name the stacks that there are."""
    try:
        listing = workspace.pulumi_command.run(["stack", "ls", "--json"], workspace.work_dir, {})
        names = sorted(stack["name"] for stack in json.loads(listing.stdout))
    except (CommandError, ValueError):
        names = []
    existing = f"there are: {', '.join(names)}" if names else "there is none yet"
    return Usage(
        f"no stack named {name} in {workspace.work_dir}; {existing}",
        next_step=f"pulumi stack init {name}",
    )


def _locked(output: str, stack: str) -> Retry:
    holders = [
        LockHolder(match["user"], int(match["pid"]), match["since"])
        for match in _HOLDER.finditer(output)
    ]
    by = "; ".join(
        f"{holder.user} (process {holder.pid}) since {holder.since}" for holder in holders
    )
    return Retry(
        f"stack {stack} is locked by {by or 'another update'}",
        state="nothing was changed by this run",
        next_step="wait for it and run this again",
        holders=holders,
    )


def _unreadable_state(result: CommandResult, stack: str) -> Outage:
    reason = _last_error(result).removeprefix(_UNREADABLE).lstrip(": ")
    if _NEWER.search(reason):
        next_step = "use the engine that wrote it, or a newer one: infra-apply engine which"
    else:
        next_step = (
            "see what is in its place; a file backend keeps the version before this one beside it,"
            " as .bak: put that back, and run this again"
        )
    return Outage(
        f"the state of stack {stack} cannot be read: {reason}",
        state="nothing was changed: what the state remembers decides what may be made",
        next_step=next_step,
    )


def _crashed(result: CommandResult, stack: str) -> Outage:
    how = f"was ended by signal {-result.code}" if result.code < 0 else "crashed"
    return Outage(
        f"the engine {how}: {_last_error(result)}",
        state=f"stack {stack} may be locked, and may not know of what was being made",
        next_step="run this again: it looks before it acts",
    )


def _last_error(result: CommandResult) -> str:
    """Give the CLI's own last error, from its `error: ` on; else its last line."""
    starts = [match.end() for match in _ERROR.finditer(result.stderr)]
    if starts:
        return result.stderr[starts[-1] :].strip()
    lines = [line for line in f"{result.stdout}\n{result.stderr}".splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"
