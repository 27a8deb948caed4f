"""How many sessions a user of a cluster has, which decides whether its login may be closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from infra_apply.errors import Outage
from infra_apply.postgres.admin import Admin, connect


@dataclass(frozen=True, slots=True)
class Sessions:
    """Open sessions; the oldest began `oldest` seconds ago, None where that may not be seen.

    PostgreSQL shows when another role's session began to members of `pg_read_all_stats` alone.
    """

    count: int
    oldest: float | None = None


def read_sessions(admin: Admin, user: str) -> Sessions:
    """Count the sessions of a user, in whatever database. Raises Outage."""
    with connect(admin) as connection:
        try:
            row = connection.execute(_SESSIONS, {"user": user}).fetchone()
        except psycopg.Error as error:
            words = (error.diag.message_primary or str(error)).strip()
            raise Outage(
                f"PostgreSQL does not say which sessions `{user}` has: {words}",
                state="nothing was changed",
                next_step="run the same again",
            ) from None
    count, oldest = row or (0, None)
    return Sessions(int(count), None if oldest is None else float(oldest))


_SESSIONS: Final = """
SELECT count(*), extract(epoch FROM now() - min(backend_start))
FROM pg_stat_activity WHERE usename = %(user)s
"""
