"""How many sessions a user has on a real PostgreSQL, as the cluster's administrator sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_apply.postgres.sessions import read_sessions
from tests.postgres.server import tenants

pytestmark = pytest.mark.process


def test_sessions_of_a_user_are_counted_and_timed_where_that_may_be_seen(tmp_path: Path) -> None:
    with tenants(tmp_path / "account", ("shop", "wiki")) as cluster:
        assert read_sessions(cluster.admin, "shop").count == 0
        with cluster.login("shop"), cluster.login("shop"), cluster.login("wiki"):
            sessions = read_sessions(cluster.admin, "shop")
            assert (sessions.count, sessions.oldest) == (2, None)
            cluster.as_superuser("GRANT pg_read_all_stats TO doadmin")
            oldest = read_sessions(cluster.admin, "shop").oldest
            assert oldest is not None
            assert 0 <= oldest < 60
