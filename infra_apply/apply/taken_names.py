"""Names that somebody else took between our look and our create, which the next runs leave alone.

The engine's state cannot tell them from what a create of ours left whose answer was lost: both are
a component without its child. So they are kept in a file of their own, beside the state where that
is a folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from infra_apply.apply.requests import failed_request
from infra_apply.apply.wording import resource_label
from infra_apply.engine.events import Step
from infra_apply.engine.lock.site import LockSite
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage, Refusal
from infra_apply.plan.model import Plan


@dataclass(frozen=True, slots=True)
class TakenName:
    """A resource whose create was answered that its name is taken; `at` is an ISO 8601 time.

    `name` is the one in DigitalOcean, `cluster` the id of its cluster, empty for a firewall.
    """

    urn: str
    name: str
    cluster: str
    at: str


def taken_file(site: LockSite) -> Path:
    """Return the file that keeps a stack's taken names, beside our records of its runs."""
    return site.records / "taken.jsonl"


def read_taken(file: Path) -> tuple[TakenName, ...]:
    """Read what `write_taken` wrote; nothing where there is no file. Raises Outage."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    try:
        return tuple(TakenName(**json.loads(line)) for line in lines)
    except (ValueError, TypeError) as error:
        raise _unreadable(file, error) from None


def write_taken(file: Path, names: Iterable[TakenName]) -> None:
    """Replace the file in one go, or delete it where no name is taken. Raises OSError."""
    lines = [json.dumps(asdict(name)) + "\n" for name in names]
    if not lines:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.write_text("".join(lines), encoding="utf-8")
    unfinished.replace(file)


def taken_by(outcome: Outcome, now: datetime) -> list[TakenName]:
    """Return the names for which a run was answered 409 or 422 when it asked to make them.

    Such an answer can have other causes. That does no harm: a name that is free when the next run
    looks is taken no longer.
    """
    refused = {message.urn for message in outcome.diagnostics if _is_taken(message.message)}
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    return [
        TakenName(step.urn, *_identity(step), at)
        for step in outcome.steps
        if step.urn in refused and step.op == "create" and step.type in _UNIQUE
    ]


def still_taken(
    names: Iterable[TakenName], steps: Iterable[Step], plan: Plan
) -> tuple[TakenName, ...]:
    """Return those of the names that a preview's steps would take over without being told to."""
    imports = {(step.urn, *_identity(step)) for step in steps if step.op == "import"}
    allowed = {
        (database.instance, name)
        for database in plan.databases
        for adopted, name in (
            (database.adopt_database, database.name),
            (database.adopt_user, database.user),
        )
        if adopted
    }
    return tuple(
        name
        for name in names
        if (name.urn, name.name, name.cluster) in imports
        and (name.urn.rpartition("::")[2], name.name) not in allowed
    )


def refuse_taken(names: Iterable[TakenName], plan: Plan, command: str) -> None:
    """Raise Refusal where a run would take over what somebody else has made."""
    lines, ways = [], []
    for name in names:
        lines.append(
            f"{resource_label(name.urn, plan)}: `{name.name}` was somebody else's when it was to"
            f" be made ({name.at}), and is not taken over"
        )
        ways.append(_way_on(name, plan))
    if lines:
        raise Refusal(
            "\n".join(lines),
            state="nothing was changed",
            next_step="; ".join([*dict.fromkeys(ways), f"then: {command}"]),
        )


def _way_on(name: TakenName, plan: Plan) -> str:
    instance = name.urn.rpartition("::")[2]
    clusters = [known.cluster for known in plan.databases if known.instance == instance]
    if name.cluster and clusters:
        return (
            f"write `infra-apply:databases: {{{clusters[0]}: {{adopt: [{name.name}]}}}}` if it is"
            f" `{instance}`'s, else choose another name in the manifest"
        )
    if name.cluster:  # a second login, which no manifest names
        return f"drop the user `{name.name}` from the cluster if nobody needs it"
    return f"rename the firewall `{name.name}` in DigitalOcean's console, or remove it there"


def _is_taken(message: str) -> bool:
    request = failed_request(message)
    return request is not None and request.method == "POST" and request.status in _TAKEN


def _identity(step: Step) -> tuple[str, str]:
    return str(step.inputs.get("name") or ""), str(step.inputs.get("clusterId") or "")


def _unreadable(file: Path, error: Exception) -> Outage:
    return Outage(
        f"{file}, which keeps the names that others took, cannot be read: {error}",
        state="nothing was changed",
        next_step="see what is in it; without it, what a name stands for is taken over",
    )


_TAKEN: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
_UNIQUE: Final = frozenset(
    {
        "digitalocean:index/databaseDb:DatabaseDb",
        "digitalocean:index/databaseUser:DatabaseUser",
        "digitalocean:index/firewall:Firewall",
    }
)
"""The kinds whose names are unique: a droplet's is not."""
