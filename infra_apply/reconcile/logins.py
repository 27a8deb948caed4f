"""The two logins of a database on PostgreSQL: which are open, and whose turn it is. Pure.

A user and a second one take turns under the role that owns what either makes. At rest one of them
is open. While a service changes over both are, and then the former one is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import CANNOT_TAKE_TURNS
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.plan.model import DatabasePlan, Plan
from infra_apply.reconcile.state import DATABASE, GRANTS, USER, State, StateResource

ROTATE: Final = "INFRA_APPLY_ROTATE"
"""Environment variable of one run: `<instance>/<user>`, the login that is to be given out."""
CLOSE: Final = "INFRA_APPLY_CLOSE_LOGIN"
"""Environment variable of one run: `<instance>/<user>`, the login that is to be closed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one run is to do: give a login of an instance out, or close it.

    What is done already is asked for in vain, so that a run may be repeated with its wish.
    """

    instance: str
    login: str
    closes: bool = False

    @property
    def environ(self) -> dict[str, str]:
        """The environment by which a run of the program hears of it."""
        return {CLOSE if self.closes else ROTATE: f"{self.instance}/{self.login}"}


def wish_of(environ: Mapping[str, str]) -> Wish | None:
    """Return the wish that a process environment holds, None without one; a rotation goes first."""
    for name in (ROTATE, CLOSE):
        if environ.get(name):
            instance, _, login = environ[name].partition("/")
            return Wish(instance, login, closes=name == CLOSE)
    return None


def open_logins(database: DatabasePlan, state: State) -> tuple[str, ...]:
    """Return the logins that the state says are open, the one that is given out first."""
    component = state.component(DATABASE, database.instance)
    claimed = component.inputs.get("logins") if component else None
    both = both_logins(database)
    known = tuple(login for login in claimed or () if login in both)
    return known or (database.user,)


def both_logins(database: DatabasePlan) -> tuple[str, str]:
    """Return the database's own user and the one that takes turns with it."""
    return database.user, naming.second_login(database.user)


def other_login(database: DatabasePlan, login: str) -> str:
    """Return the one of both logins that this one takes turns with."""
    first, second = both_logins(database)
    return first if login == second else second


def decide_logins(database: DatabasePlan, state: State, wish: Wish | None) -> tuple[str, ...]:
    """Return the logins that are to be open, the one that is to be given out first."""
    logins = open_logins(database, state)
    if wish is None or wish.instance != database.instance:
        return logins
    if wish.closes:
        return tuple(login for login in logins if login != wish.login)
    return logins if wish.login in logins else (wish.login, *logins)


def find_user(database: DatabasePlan, state: State, login: str) -> StateResource | None:
    """Return what the state has of one of both logins."""
    second = login == naming.second_login(database.user)
    instance = database.instance
    name = naming.second_login_resource(instance) if second else instance
    return state.child(DATABASE, instance, USER, called=name)


def has_second(database: DatabasePlan, state: State, wish: Wish | None) -> bool:
    """Say whether there is to be a second user: once the state has it, it stays."""
    second = naming.second_login(database.user)
    is_open = second in decide_logins(database, state, wish)
    return is_open or find_user(database, state, second) is not None


def why_no_turns(database: DatabasePlan, state: State) -> str:
    """Say why another user could not take over from the database's; nothing where it could."""
    grants = state.child(DATABASE, database.instance, GRANTS)
    if grants is None:
        return (
            "nothing keeps its things together: its isolation is off, its cluster is not one of"
            " PostgreSQL, or it was not applied yet"
        )
    if database.isolation != "enforce":
        return "its isolation is off"
    if not grants.outputs.get("turns"):
        return (
            "things in it belong, or are granted, to a user by name, or its server was not looked"
            " at yet"
        )
    if len(naming.second_login(database.user).encode()) > _LONGEST_NAME:
        second = naming.second_login(database.user)
        return f"`{second}` would be longer than {_LONGEST_NAME} bytes, the most PostgreSQL takes"
    return ""


def diagnose_logins(plan: Plan, state: State, wish: Wish | None) -> Iterator[Diagnostic]:
    """Report a wish that makes no sense, and second users that are another instance's own."""
    planned = {database.instance: database for database in plan.databases}
    if wish and wish.instance not in planned:
        message = f"`{wish.instance}` has no database in this stack, and so no logins"
        hint = did_you_mean(wish.instance, planned, otherwise="look into its manifest")
        yield Diagnostic(CANNOT_TAKE_TURNS, plan.place, message, hint)
    elif wish:
        yield from _diagnose_wish(planned[wish.instance], state, wish)
    users = {(database.cluster, database.user): database for database in plan.databases}
    for database in plan.databases:
        second = naming.second_login(database.user)
        other = users.get((database.cluster, second))
        if other and has_second(database, state, wish):
            message = (
                f"the user `{second}` of `{other.instance}` is the second login of"
                f" `{database.instance}`"
            )
            hint = f"choose another name for the user of `{other.instance}`"
            yield Diagnostic(CANNOT_TAKE_TURNS, other.place, message, hint)


def _diagnose_wish(database: DatabasePlan, state: State, wish: Wish) -> Iterator[Diagnostic]:
    logins, instance = open_logins(database, state), database.instance
    hint = None
    if wish.login not in both_logins(database):
        first, second = both_logins(database)
        message = f"`{wish.login}` is no login of `{instance}`: those are `{first}` and `{second}`"
    elif wish.closes:
        if wish.login != logins[0]:
            return
        message = f"`{wish.login}` is the login of `{instance}` that is given out"
        hint = f"give the other one out first: infra-apply db rotate {database.project}"
    elif wish.login in logins[1:]:
        message = f"both logins of `{instance}` are open, and `{logins[0]}` is given out"
        hint = f"close the other one first: infra-apply db rotate {database.project} --close"
    elif wish.login not in logins and (reason := why_no_turns(database, state)):
        message = f"no other user can take over the database of `{instance}`: {reason}"
        hint = f"infra-apply db reset-password {database.project} says first what breaks"
    else:
        return
    yield Diagnostic(CANNOT_TAKE_TURNS, database.place, message, hint)


_LONGEST_NAME: Final = 63  # bytes; PostgreSQL cuts what is longer (NAMEDATALEN)
