"""The logins of one database before they change: what the state has of them, and new passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from infra_apply.apply.remembered import read_state
from infra_apply.apply.target import Target
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.client import Client
from infra_apply.engine.stack_export import read_outputs
from infra_apply.errors import Ambiguous, Refusal, Retry, Usage
from infra_apply.plan.model import DatabasePlan
from infra_apply.reconcile.logins import (
    both_logins,
    find_user,
    open_logins,
    other_login,
    why_no_turns,
)
from infra_apply.reconcile.state import DATABASE


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is to log in to a database, as the state has it.

    `logins` are open, the one that is given out first; `users` are those of both that the state
    has. `obstacle` says why no other user could take over; it is empty where one could.
    """

    database: DatabasePlan
    cluster_id: str
    logins: tuple[str, ...]
    users: frozenset[str]
    obstacle: str

    @property
    def given_out(self) -> str:
        """The login that the service's variables name once the last update is finished."""
        return self.logins[0]

    @property
    def other(self) -> str:
        """The login that takes turns with it, whether it was ever made or not."""
        return other_login(self.database, self.given_out)


def read_turn(target: Target, project: str) -> Turn:
    """Read it for a project's database.

    Raises Usage for a project without a database in the stack, Refusal where it was not applied
    yet, and Outage.
    """
    planned = {database.project: database for database in target.plan.databases}
    if project not in planned:
        raise Usage(
            f"there is no project `{project}` with a database in stack {target.plan.stack}",
            next_step=did_you_mean(project, planned) or "",
        )
    database, state = planned[project], read_state(target)
    component = state.component(DATABASE, database.instance)
    logins = open_logins(database, state)
    if component is None or find_user(database, state, logins[-1]) is None:
        raise Refusal(
            f"the database of {project} was not applied to stack {target.plan.stack} yet",
            state="nothing was changed",
            next_step="apply it first: infra-apply up",
        )
    return Turn(
        database,
        str(component.inputs.get("clusterId") or ""),
        logins,
        frozenset(login for login in both_logins(database) if find_user(database, state, login)),
        why_no_turns(database, state),
    )


def read_login_of_outputs(target: Target, project: str) -> str | None:
    """Return the login that the stack's outputs give a project's service. Raises Outage."""
    stack = target.plan.stack
    facts: Any = read_outputs(target.engine.path, stack, target.folder, target.environ)
    for key in ("instances", project, "env", "DATABASE_USER"):
        facts = facts.get(key) if isinstance(facts, Mapping) else None
    return facts if isinstance(facts, str) else None


def change_password(client: Client, turn: Turn, user: str, *, state: str) -> bool:
    """Have DigitalOcean give a user another password; False where the cluster has no such user.

    It may be asked for again. `state` says, where it fails, what the old password opens. Raises
    Outage, Ambiguous where no answer came, and Retry where the answer was no.
    """
    path = f"/v2/databases/{turn.cluster_id}/users/{quote(user, safe='')}"
    answer = client.find(path)
    if answer is None:
        return False
    # On MySQL the request names how the user logs in (DigitalOcean's OpenAPI): it stays so.
    settings = (answer.get("user") or {}).get("mysql_settings")
    try:
        client.post(f"{path}/reset_auth", {"mysql_settings": settings} if settings else {})
    except (Ambiguous, Retry) as failure:
        lost = isinstance(failure, Ambiguous)
        changed = "may not be changed" if lost else "was not changed"
        failure.message = f"the password of `{user}` {changed}: {failure.message}"
        failure.state, failure.next_step = state, "run the same again"
        raise
    return True
