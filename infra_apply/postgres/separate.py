"""Looks at a database on its server, and brings it to what separates it from its neighbours."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import errors

from infra_apply.errors import Outage, Refusal
from infra_apply.postgres.admin import Admin, Unreachable, connect
from infra_apply.postgres.differences import (
    Difference,
    find_differences,
    find_obstacles,
    find_others,
)
from infra_apply.postgres.model import Separation, Server
from infra_apply.postgres.read import read_server


def look(admin: Admin, separation: Separation) -> Server:
    """Return what the cluster says. Raises Outage, of which Unreachable is one."""
    with connect(admin) as connection, ExitStack() as stack, _in_our_words():
        try:
            inside = stack.enter_context(connect(admin, separation.database))
        except Unreachable:  # it is gone, or takes no more connections
            inside = None
        return read_server(connection, inside, separation)


def separate(
    admin: Admin,
    separation: Separation,
    password_of: Callable[[str], str],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Server:
    """Bring the database to what it should be, and return what it is then.

    Who may come in changes all at once or not at all. `password_of` a user is asked for what only
    the user itself may set: its sessions' role, since the administrator does not administer it.
    Raises Refusal where somebody else has to decide first, and Outage, of which Unreachable is one.
    """
    inside_it = connect(admin, separation.database)
    with connect(admin) as connection, inside_it as inside, _in_our_words():
        for number in range(_TRIES):
            try:
                _mend(connection, inside, separation)
                _mend(connection, inside, separation)  # what showed after a rename
                for user, difference in _of_users(connection, inside, separation):
                    as_user = replace(admin, user=user, password=password_of(user))
                    with connect(as_user, separation.database) as own:
                        own.execute("SET ROLE NONE")  # as which it may change itself
                        _execute(own, [difference])
                return _verified(connection, inside, separation)
            except _MEANWHILE as error:
                if number == _TRIES - 1 or not _is_passing(error):
                    raise
                pause(random.uniform(0.05, 0.2) * 2**number)  # noqa: S311 - no secret
    raise AssertionError


_Connection: TypeAlias = psycopg.Connection[Any]


def _mend(connection: _Connection, inside: _Connection, separation: Separation) -> None:
    """Send what the administrator may. Raises Refusal before anything, where it is not enough."""
    server = read_server(connection, inside, separation)
    if obstacles := find_obstacles(separation, server):
        raise _refusal(separation, obstacles)
    differences = [held for held in find_differences(separation, server) if held.by is None]
    with connection.transaction():
        _execute(connection, (held for held in differences if not held.inside))
    _execute(inside, (held for held in differences if held.inside))


def _of_users(
    connection: _Connection, inside: _Connection, separation: Separation
) -> Iterator[tuple[str, Difference]]:
    server = read_server(connection, inside, separation)
    for difference in find_differences(separation, server):
        if difference.by is not None:
            yield difference.by, difference


def _verified(connection: _Connection, inside: _Connection, separation: Separation) -> Server:
    server = read_server(connection, inside, separation)
    left = [held.sentence for held in find_differences(separation, server)]
    left += find_others(separation, server)
    if left:
        raise _refusal(separation, left)
    return server


def _execute(connection: psycopg.Connection[Any], differences: Iterable[Difference]) -> None:
    """Send each statement. A warning is an error: it says that nothing was granted or revoked."""
    warnings: list[str] = []

    def note(notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary or "")

    connection.add_notice_handler(note)
    try:
        for difference in differences:
            connection.execute(difference.statement)
            if warnings:
                raise Refusal(
                    f"{difference.sentence}, and it stays so: {warnings[0]}",
                    state="nothing of this database's separation was changed",
                    next_step="undo it with SQL, as the one who did it",
                )
    finally:
        connection.remove_notice_handler(note)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        words = (error.diag.message_primary or str(error)).strip()
        raise Outage(
            f"PostgreSQL refuses: {words}",
            state="nothing of this database's separation was changed",
            next_step="run the same again",
        ) from None


def _refusal(separation: Separation, reasons: Iterable[str]) -> Refusal:
    return Refusal(
        f"the database `{separation.database}` cannot be separated: {'; '.join(reasons)}",
        state="its grants are as they were",
        next_step="undo what it names with SQL, as the cluster's administrator",
    )


def _is_passing(error: psycopg.Error) -> bool:
    """Say whether somebody else's statement at the same time was in the way."""
    return not isinstance(error, errors.InternalError_) or "concurrently" in str(error)


_MEANWHILE: Final = (
    errors.InternalError_,  # tuple concurrently updated
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.DuplicateObject,
    errors.UniqueViolation,
)
_TRIES: Final = 6
