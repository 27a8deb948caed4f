"""Databases on a real PostgreSQL: nobody's credentials open another's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import product

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_apply.errors import Outage, Refusal
from infra_apply.postgres.admin import Unreachable
from infra_apply.postgres.differences import find_differences, find_obstacles, turns
from infra_apply.postgres.model import Separation
from infra_apply.postgres.separate import look, separate
from tests.postgres.server import Tenants, separation, tenants

pytestmark = [pytest.mark.process]

NAMES = [f"tenant-{number}" for number in range(20)]
# Others take as long again: `POSTGRES_VERSIONS="15 16 18" pytest tests/postgres` runs them all.
VERSIONS = os.environ.get("POSTGRES_VERSIONS", "18").split()
EVERY_PRIVILEGE = ("CONNECT", "CREATE", "TEMPORARY")


@pytest.fixture(scope="module", params=VERSIONS)
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tenants]:
    with tenants(tmp_path_factory.mktemp("cluster") / "account", NAMES, request.param) as held:
        with ThreadPoolExecutor(4) as pool:
            separated = pool.map(lambda name: held.separate(separation(name)), NAMES)
        assert all(map(turns, map(separation, NAMES), separated))
        yield held


def sentences(cluster: Tenants, of: Separation) -> list[str]:
    """What would be mended, and what could not."""
    server = look(cluster.admin, of)
    mended = [difference.sentence for difference in find_differences(of, server)]
    return [*mended, *find_obstacles(of, server)]


def test_each_of_twenty_tenants_opens_its_own_database_and_no_other(cluster: Tenants) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = pool.map(lambda pair: cluster.may_log_in(*pair), product(NAMES, NAMES))
    assert list(opened) == [user == database for user, database in product(NAMES, NAMES)]


def test_no_privilege_and_no_membership_leads_to_another_tenants_database(cluster: Tenants) -> None:
    rows = cluster.account.query(
        "SELECT r.rolname, d.datname,"
        " array(SELECT p FROM unnest(%s::text[]) p WHERE has_database_privilege(r.oid, d.oid, p))"
        " FROM pg_roles r, pg_database d WHERE r.rolname = ANY(%s) AND d.datname = ANY(%s)",
        list(EVERY_PRIVILEGE),
        NAMES,
        NAMES,
    )
    assert len(rows) == len(NAMES) ** 2
    for user, database, privileges in rows:
        assert privileges == (list(EVERY_PRIVILEGE) if user == database else []), (user, database)
    members = cluster.account.query(
        "SELECT u.rolname, r.rolname FROM pg_roles u, pg_roles r"
        " WHERE u.rolname = ANY(%s) AND u.oid <> r.oid AND pg_has_role(u.oid, r.oid, 'MEMBER')",
        NAMES,
    )
    assert sorted(members) == sorted((name, separation(name).owner) for name in NAMES)


def test_a_tenant_may_make_what_it_likes_in_its_own_database_and_it_belongs_to_the_owning_role(
    cluster: Tenants,
) -> None:
    user = NAMES[3]
    with cluster.login(user) as connection:
        connection.execute("CREATE TABLE public.orders (number int)")
        connection.execute("CREATE SCHEMA own CREATE TABLE own.items (number int)")
        connection.execute("CREATE TEMPORARY TABLE passing (number int)")
        connection.execute("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql RETURN $1 * 2")
        row = connection.execute(
            "SELECT current_user, array_agg(DISTINCT tableowner::text) FROM pg_tables"
            " WHERE schemaname IN ('public', 'own')"
        ).fetchone()
    assert row == (separation(user).owner, [separation(user).owner])


def test_a_user_that_the_api_makes_later_comes_in_nowhere(cluster: Tenants) -> None:
    password = cluster.account.make("late")
    for database in NAMES[:3]:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            cluster.account.login("late", password, database)


def test_what_belongs_to_a_tenant_is_not_its_users_to_open(cluster: Tenants) -> None:
    user = NAMES[4]
    with cluster.login(user) as connection:
        for statement in (
            f'GRANT "{separation(user).owner}" TO "{NAMES[5]}"',
            f'ALTER DATABASE "{user}" CONNECTION LIMIT -1',
            f'ALTER DATABASE "{user}" OWNER TO "{user}"',
            f'DROP DATABASE "{user}"',
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        # It has no grant option: PostgreSQL warns, and grants nothing.
        connection.execute(f'GRANT CONNECT ON DATABASE "{user}" TO PUBLIC')
    assert sentences(cluster, separation(user)) == []


def test_a_tenant_that_opens_connections_until_it_is_refused_stops_no_other(
    cluster: Tenants,
) -> None:
    greedy, *others = NAMES
    with ExitStack() as held:
        limit = look(cluster.admin, separation(greedy)).connections
        for _ in range(limit):
            held.enter_context(cluster.login(greedy))
        with pytest.raises(psycopg.OperationalError, match="too many connections for"):
            cluster.login(greedy)
        start = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(lambda name: cluster.may_log_in(name, name), others))
        assert time.monotonic() - start < len(others)  # a second each
        # It can be looked at all the same, and mended once it has room again.
        assert sentences(cluster, separation(greedy)) == []
        with pytest.raises(Unreachable, match="refuses `doadmin`: too many connections"):
            cluster.separate(separation(greedy))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("GRANT CONNECT ON DATABASE {db} TO PUBLIC", "everybody has CONNECT on the database"),
        ("GRANT ALL ON DATABASE {db} TO {other}",
         "`tenant-7` has CONNECT, CREATE, TEMPORARY on the database"),
        ("GRANT {owner} TO {other}", "`tenant-7` is a member of `infra_apply_tenant-6`"),
        ("GRANT {owner} TO {other} WITH ADMIN OPTION",
         "`tenant-7` is a member of `infra_apply_tenant-6`"),
        ("REVOKE {owner} FROM {db}", "`tenant-6` is no member of `infra_apply_tenant-6`"),
        ("REVOKE CONNECT ON DATABASE {db} FROM {owner}",
         "`infra_apply_tenant-6` lacks CONNECT on the database"),
        ("ALTER DATABASE {db} CONNECTION LIMIT -1",
         "the database takes any number of connections, not 5"),
    ],
)  # fmt: skip
def test_what_somebody_granted_or_revoked_by_hand_is_seen_and_mended(
    cluster: Tenants, statement: str, sentence: str
) -> None:
    of = separation(NAMES[6])
    names = {"db": f'"{of.database}"', "owner": f'"{of.owner}"', "other": f'"{NAMES[7]}"'}
    cluster.as_admin(statement.format(**names))
    assert sentences(cluster, of) == [sentence]
    cluster.separate(of)
    assert sentences(cluster, of) == []


def test_a_user_whose_sessions_no_longer_begin_as_the_owning_role_is_brought_back(
    cluster: Tenants,
) -> None:
    of = separation(NAMES[2])
    with cluster.login(NAMES[2]) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(f'ALTER ROLE "{NAMES[2]}" IN DATABASE "{NAMES[2]}" SET role TO NONE')
    assert sentences(cluster, of) == [f"what `{NAMES[2]}` makes does not belong to `{of.owner}`"]
    assert turns(of, cluster.separate(of))


def test_administrator_and_superuser_stay_who_they_are_in_a_tenants_database(
    cluster: Tenants,
) -> None:
    rows = cluster.account.query("SELECT current_user::text", database=NAMES[2])
    assert rows == [("doadmin",)]
    cluster.as_superuser("DO 'BEGIN ASSERT current_user = session_user; END'", database=NAMES[2])


def test_a_schema_that_was_closed_is_opened_to_its_tenant_and_one_that_was_dropped_is_left(
    cluster: Tenants,
) -> None:
    of = separation(NAMES[8])
    revoked = f'REVOKE ALL ON SCHEMA public FROM "{of.owner}"'
    cluster.as_admin(revoked, database=of.database)
    assert sentences(cluster, of) == [f"`{of.owner}` lacks CREATE on the schema `public`"]
    cluster.separate(of)
    cluster.as_superuser("DROP SCHEMA public", database=of.database)
    assert sentences(cluster, of) == []
    cluster.separate(of)


OTHERS = st.sampled_from(["PUBLIC", *(f'"{name}"' for name in NAMES[9:12])])
GRANTS = st.builds(
    "{} {} ON DATABASE {{db}} {} {}".format,
    st.just("GRANT"),
    st.sampled_from(["CONNECT", "CREATE", "TEMPORARY", "ALL"]),
    st.just("TO"),
    OTHERS,
)
REVOKES = st.builds(
    "REVOKE {} ON DATABASE {{db}} FROM {}".format,
    st.sampled_from(["CONNECT", "TEMPORARY", "ALL"]),
    st.one_of(OTHERS, st.just("{owner}")),
)
MEMBERS = st.builds(
    "{} {{owner}} {} {}".format,
    st.just("GRANT"),
    st.just("TO"),
    st.sampled_from([f'"{name}"' for name in NAMES[9:12]]),
)
OTHER_MESSES = st.sampled_from(
    [
        "ALTER DATABASE {db} CONNECTION LIMIT 3",
        "REVOKE {owner} FROM {user}",
        "GRANT {owner} TO {user} WITH ADMIN OPTION",
        "GRANT CONNECT ON DATABASE {db} TO {owner} WITH GRANT OPTION",
    ]
)


@settings(max_examples=8)
@given(
    messes=st.lists(st.one_of(GRANTS, REVOKES, MEMBERS, OTHER_MESSES), max_size=6),
    users=st.lists(st.sampled_from(NAMES[9:11]), min_size=1, max_size=2, unique=True),
    connections=st.none() | st.integers(1, 22),
)
def test_whatever_is_there_becomes_what_is_wanted_in_one_step(
    cluster: Tenants, messes: list[str], users: list[str], connections: int | None
) -> None:
    wanted = Separation(NAMES[9], tuple(users), connections)
    names = {"db": f'"{NAMES[9]}"', "owner": f'"{wanted.owner}"', "user": f'"{users[0]}"'}
    cluster.as_admin(*(mess.format(**names) for mess in messes))
    cluster.separate(wanted)
    assert sentences(cluster, wanted) == []
    opened = {user for user in NAMES[9:13] if cluster.may_log_in(user, NAMES[9])}
    assert opened == set(users)
    # Each of the two owns its own database's role alone again, for the next example.
    for name in NAMES[10:12]:
        cluster.separate(separation(name))


@pytest.mark.parametrize("power", ["CREATEROLE", "CREATEDB", "REPLICATION", "SUPERUSER"])
def test_a_user_who_may_do_more_than_grants_say_is_refused(cluster: Tenants, power: str) -> None:
    of = separation(NAMES[13])
    cluster.as_superuser(f'ALTER ROLE "{of.database}" {power}')
    try:
        expected = [f"`{of.database}` has {power}, which no grant limits"]
        assert sentences(cluster, of) == expected
        with pytest.raises(Refusal, match=f"cannot be separated: .* has {power}"):
            cluster.separate(of)
    finally:
        cluster.as_superuser(f'ALTER ROLE "{of.database}" NO{power}')
    assert sentences(cluster, of) == []


@pytest.mark.parametrize("role", ["pg_read_all_data", "doadmin", NAMES[15]])
def test_a_user_who_is_a_member_of_another_role_is_refused(cluster: Tenants, role: str) -> None:
    of = separation(NAMES[14])
    cluster.as_superuser(f'GRANT "{role}" TO "{of.database}"')
    try:
        expected = f"`{of.database}` is a member of `{role}`, and may do what that may"
        assert sentences(cluster, of) == [expected]
        with pytest.raises(Refusal, match="cannot be separated"):
            cluster.separate(of)
    finally:
        cluster.as_superuser(f'REVOKE "{role}" FROM "{of.database}"')


def test_what_the_administrator_may_not_revoke_is_refused_and_nothing_else_is_changed(
    cluster: Tenants,
) -> None:
    of = separation(NAMES[16])
    cluster.as_admin(f'GRANT CONNECT ON DATABASE "{NAMES[16]}" TO PUBLIC')
    cluster.as_superuser(f'GRANT "{of.owner}" TO "{NAMES[17]}"')
    try:
        before = sentences(cluster, of)
        assert len(before) == 2
        if int(cluster.account.cluster["version"]) < 16:  # the administrator may
            cluster.separate(of)
            return
        with pytest.raises(Refusal, match="it stays so"):
            cluster.separate(of)
        assert sentences(cluster, of) == before
    finally:
        cluster.as_superuser(f'REVOKE "{of.owner}" FROM "{NAMES[17]}"')
        cluster.separate(of)


def test_many_at_once_on_one_database_end_as_one_alone_would(cluster: Tenants) -> None:
    of = separation(NAMES[18])
    cluster.as_admin(
        f'GRANT ALL ON DATABASE "{of.database}" TO PUBLIC',
        f'REVOKE "{of.owner}" FROM "{NAMES[18]}"',
    )
    with ThreadPoolExecutor(4) as pool:
        for server in pool.map(lambda _: cluster.separate(of), range(6)):
            assert find_differences(of, server) == ()
    assert sentences(cluster, of) == []


def test_what_a_user_was_given_by_name_is_not_taken_away_and_turns_wait_until_it_is_handed_over(
    cluster: Tenants,
) -> None:
    of = separation(NAMES[19])
    with cluster.login(NAMES[19]) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(f'ALTER ROLE "{NAMES[19]}" IN DATABASE "{NAMES[19]}" RESET role')
    with cluster.login(NAMES[19]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    server = cluster.separate(of)
    assert (server.holders, turns(of, server)) == (frozenset({NAMES[19]}), False)
    with cluster.login(NAMES[19]) as connection:
        assert connection.execute("SELECT current_user, number FROM kept").fetchone() == (
            NAMES[19],
            1,
        )
        connection.execute(f'REASSIGN OWNED BY "{NAMES[19]}" TO "{of.owner}"')
    assert turns(of, cluster.separate(of))
    with cluster.login(NAMES[19]) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (1,)


def test_a_default_database_is_closed_to_all_but_those_whom_a_grant_names(cluster: Tenants) -> None:
    default = Separation("defaultdb", ())
    assert cluster.may_log_in(NAMES[0], "defaultdb")
    assert "defaultdb" in look(cluster.admin, default).open_databases
    cluster.as_admin(f'GRANT CONNECT ON DATABASE defaultdb TO "{NAMES[1]}"')
    try:
        assert sentences(cluster, default) == [
            "everybody has CONNECT, TEMPORARY on the database",
        ]
        cluster.separate(default)
        assert sentences(cluster, default) == []
        opened = [cluster.may_log_in(name, "defaultdb") for name in NAMES[:3]]
        assert opened == [False, True, False]
        opened_to_all = look(cluster.admin, default).open_databases
        assert ("postgres" in opened_to_all, "defaultdb" in opened_to_all) == (True, False)
        assert cluster.account.query("SELECT 1") == [(1,)]  # the administrator's own
    finally:
        cluster.as_admin("GRANT CONNECT, TEMPORARY ON DATABASE defaultdb TO PUBLIC")


def test_a_renamed_database_keeps_its_things_and_its_role_takes_its_name(cluster: Tenants) -> None:
    cluster.passwords["before"] = cluster.account.make("before")
    former = separation("before")
    cluster.separate(former)
    with cluster.login("before") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    cluster.as_admin("ALTER DATABASE before RENAME TO afterwards")
    of = Separation("afterwards", ("before",))
    assert sentences(cluster, of) == [
        "what is there belongs to `infra_apply_before`, as before it was renamed"
    ]
    assert turns(of, cluster.separate(of))
    assert sentences(cluster, of) == []
    with cluster.login("before", "afterwards") as connection:
        row = connection.execute("SELECT current_user::text, number FROM kept").fetchone()
        connection.execute("DROP TABLE kept")
    assert row == (of.owner, 1)
    roles = cluster.account.query("SELECT rolname FROM pg_roles WHERE rolname = %s", former.owner)
    assert roles == []


def test_what_belongs_to_another_databases_role_is_refused_and_nothing_is_taken(
    cluster: Tenants,
) -> None:
    mine, theirs = separation(NAMES[0]), separation(NAMES[1])
    statement = f'CREATE TABLE restored (); ALTER TABLE restored OWNER TO "{theirs.owner}"'
    cluster.as_superuser(*statement.split("; "), database=NAMES[0])
    try:
        with pytest.raises(Refusal, match="belongs to `infra_apply_tenant-1`, which is another"):
            cluster.separate(mine)
        assert turns(theirs, look(cluster.admin, theirs))
    finally:
        cluster.as_superuser("DROP TABLE restored", database=NAMES[0])


def test_a_database_or_user_that_is_missing_is_named(cluster: Tenants) -> None:
    with pytest.raises(Outage, match="the server has no database `nowhere`"):
        look(cluster.admin, separation("nowhere"))
    with pytest.raises(Refusal, match="the server has no user `nobody`"):
        cluster.separate(Separation(NAMES[0], ("nobody",)))


def test_a_wrong_password_is_said_without_it(cluster: Tenants) -> None:
    wrong = replace(cluster.admin, password="secret-and-wrong")
    with pytest.raises(Unreachable, match="refuses `doadmin`: password authentication") as refused:
        look(wrong, separation(NAMES[0]))
    assert "secret" not in str(refused.value)


def test_a_cluster_that_cannot_be_reached_names_the_address_to_let_in(cluster: Tenants) -> None:
    closed = replace(cluster.admin, port=1)
    with pytest.raises(Unreachable) as refused:
        separate(closed, separation(NAMES[0]), cluster.passwords.__getitem__)
    next_step = (
        "  next:  let this machine in, whose address is 127.0.0.1 (behind a router it is the"
        " router's): doctl databases firewalls append"
    )
    assert str(refused.value).splitlines() == [
        "the cluster cannot be reached at 127.0.0.1:1: Connection refused",
        "  state: its databases are as they were",
        f"{next_step} {closed.cluster_id} --rule ip_addr:127.0.0.1",
    ]
