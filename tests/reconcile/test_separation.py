"""What keeps databases apart, as far as a look at account and state can say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account
from infra_apply.inputs.settings import ClusterSettings, Settings
from infra_apply.plan.build import build
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.model import Decisions
from infra_apply.reconcile.state import GRANTS, State, StateResource
from tests.companies import SETTINGS, database, fleet, service
from tests.reconcile.worlds import SIZES, child, cluster, database_state, state

PG, MYSQL = cluster(), cluster("shared-mysql", "mysql")
MONGODB = cluster("shared-mongo", "mongodb")
CLUSTERS = {held.name: held for held in (PG, MYSQL, MONGODB)}
OFF = replace(SETTINGS, isolation="off")
CLOSING = replace(SETTINGS, clusters={PG.name: ClusterSettings(close_default=True)})


def decided(
    settings: Settings = SETTINGS, remembered: State | None = None, on: str = PG.name, **live: Any
) -> tuple[Decisions, dict[str, Diagnostic]]:
    """What is decided for a shop and a wiki, and what is said of their separation."""
    manifests = (
        service("shop", database=database("shop", on)),
        service("wiki", "basil", database=database("wiki", on)),
    )
    whole = fleet(*manifests, settings=settings)
    account = Account(clusters=CLUSTERS, sizes=SIZES, **live)
    decisions, problems = reconcile(build(whole, settings), account, remembered or State())
    assert decisions is not None, problems
    return decisions, {found.code.id: found for found in problems if found.code.id >= "IA929"}


def with_grants(**outputs: Any) -> State:
    shop = database_state()
    inputs: Any = {"clusterId": PG.id, "database": "shop", "users": ["shop"], "enforce": True}
    held = replace(child(shop[0], GRANTS, "g", **inputs), outputs=outputs)
    return state(shop, [held])


def fates(decisions: Decisions) -> dict[str, str | None]:
    return {held.database.project: held.grants for held in decisions.databases}


def live_shop() -> dict[str, Any]:
    names = {PG.name: frozenset({"shop"})}
    return {"databases": names, "users": names}


def test_on_postgresql_grants_are_enforced_and_nothing_is_to_be_said() -> None:
    decisions, said = decided()
    assert (fates(decisions), said) == ({"shop": "enforce", "wiki": "enforce"}, {})


def test_where_isolation_is_off_existing_grants_stay_and_no_new_ones_are_made() -> None:
    decisions, said = decided(OFF, with_grants(), **live_shop())
    assert (fates(decisions), said) == ({"shop": "off", "wiki": None}, {})


def test_what_mysql_users_share_is_named_once_a_cluster() -> None:
    decisions, said = decided(on=MYSQL.name, databases={MYSQL.name: frozenset({"old"})})
    assert fates(decisions) == {"shop": None, "wiki": None}
    (only,) = said.values()
    assert only.message == (
        "`shared-mysql` is a MySQL cluster, whose users may open every database of it:"
        " `shop`, `wiki` may open `old`, `shop`, `wiki`"
    )


def test_users_of_mongodb_are_scoped_by_their_own_roles_so_nothing_is_rendered_or_said() -> None:
    decisions, said = decided(on=MONGODB.name)
    assert (fates(decisions), said) == ({"shop": None, "wiki": None}, {})


def test_databases_that_were_open_to_everybody_and_are_nobodys_here_are_named() -> None:
    remembered = with_grants(open=["defaultdb", "legacy", "postgres", "reports", "wiki"])
    _, said = decided(remembered=remembered, **live_shop())
    message = "on `shared-pg` every user may connect to `legacy`, `reports`, which no manifest"
    assert said["IA931"].message.startswith(message)
    assert said["IA931"].hint == (
        'REVOKE CONNECT ON DATABASE "legacy" FROM PUBLIC, as the cluster\'s doadmin'
    )


def test_before_a_default_database_is_closed_those_who_lose_it_are_named() -> None:
    users = {PG.name: frozenset({"doadmin", "reports"})}
    decisions, said = decided(CLOSING, users=users)
    assert decisions.closed_defaults == (PG.name,)
    message = "the default database of `shared-pg` is closed: `reports`, `shop`, `wiki` can"
    assert said["IA930"].message.startswith(message)


def test_once_it_is_closed_nothing_more_is_said() -> None:
    closed = StateResource(f"urn::{PG.name}", GRANTS, "g", inputs={"clusterId": PG.id, "users": []})
    decisions, said = decided(CLOSING, state([closed]))
    assert (decisions.closed_defaults, said) == ((PG.name,), {})


def test_a_default_database_stays_open_where_isolation_is_off_or_the_engine_has_no_grants() -> None:
    assert decided(replace(CLOSING, isolation="off"))[0].closed_defaults == ()
    mysql = replace(SETTINGS, clusters={MYSQL.name: ClusterSettings(close_default=True)})
    assert decided(mysql, on=MYSQL.name)[0].closed_defaults == ()
