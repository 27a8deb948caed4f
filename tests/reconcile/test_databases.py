"""Whose a database and a user are, and what is taken into the state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from infra_apply.digitalocean.model import Account
from infra_apply.inputs.settings import ClusterSettings, Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.state import State
from tests.companies import database, plan, service
from tests.reconcile.worlds import QUIET, account, cluster, codes, database_state, decided, state


def wanted(settings: Settings = QUIET) -> Plan:
    manifest = service("shop", database=database("shop"), provider="mac", service=None)
    return plan(manifest, settings=settings)


def holding(users: set[str], databases: set[str]) -> Account:
    return account(
        users={"shared-pg": frozenset(users)}, databases={"shared-pg": frozenset(databases)}
    )


def adopting(*names: str) -> Settings:
    return replace(QUIET, clusters={"shared-pg": ClusterSettings(adopt=names)})


EMPTY, USER, BOTH = holding(set(), set()), holding({"shop"}, set()), holding({"shop"}, {"shop"})
CLAIMED = state(database_state(user=None, name=None))
WITH_USER = state(database_state(name=None))
WHOLE = state(database_state())
OTHER_CLAIM = {"cluster": "shared-pg", "clusterId": "id-of-shared-pg", "name": "x", "user": "x"}
ID = "id-of-shared-pg,shop"


@dataclass(frozen=True)
class Case:
    """What is there, what the state has, and what follows: import ids (user, database) or codes."""

    live: Account
    remembered: State
    imports: tuple[str | None, str | None] = (None, None)
    codes: tuple[str, ...] = ()
    settings: Settings = field(default_factory=lambda: QUIET)


CASES = {
    "nothing anywhere: both are made": Case(EMPTY, State()),
    "the state has both and they are there": Case(BOTH, WHOLE),
    "the state has both and they are gone: they are made anew, and that is said": Case(
        EMPTY, WHOLE, codes=("IA924", "IA924")
    ),
    "the user's answer was lost: it is taken up": Case(USER, CLAIMED, (ID, None), ("IA910",)),
    "the database's answer was lost: it is taken up": Case(BOTH, WITH_USER, (None, ID), ("IA910",)),
    "a claim and both there: the database cannot be ours, it is made after the user": Case(
        BOTH, CLAIMED, codes=("IA910", "IA911")
    ),
    "a claim on other names: what is there is a stranger's": Case(
        USER, state(database_state(user=None, name=None, claims=OTHER_CLAIM)), codes=("IA911",)
    ),
    "a claim on another cluster's id: what is there is a stranger's": Case(
        USER,
        state(database_state(user=None, name=None, claims={**OTHER_CLAIM, "clusterId": "old"})),
        codes=("IA911",),
    ),
    "no claim, as an earlier version left it: a stranger's": Case(
        USER, state(database_state(user=None, name=None, claims={})), codes=("IA911",)
    ),
    "no component: a stranger's, both of them": Case(BOTH, State(), codes=("IA911", "IA911")),
    "no component, and both are adopted by name": Case(
        BOTH, State(), (ID, ID), settings=adopting("shop")
    ),
    "the state's are on a cluster with another id": Case(
        BOTH, state(database_state(cluster_id="id-of-the-old-one")), codes=("IA914", "IA914")
    ),
    "renamed in the manifest: it would be made anew": Case(
        holding({"shop"}, {"old"}), state(database_state(name="old")), codes=("IA915",)
    ),
    "renamed in the manifest and on the cluster, and not adopted": Case(
        BOTH, state(database_state(name="old")), codes=("IA915",)
    ),
    "renamed in the manifest and on the cluster, and adopted": Case(
        BOTH, state(database_state(name="old")), (None, ID), settings=adopting("shop")
    ),
    "a new name is not adopted while the old one is there": Case(
        holding({"shop"}, {"shop", "old"}),
        state(database_state(name="old")),
        codes=("IA915",),
        settings=adopting("shop"),
    ),
    "a user is renamed likewise": Case(
        holding({"shop", "old"}, {"shop"}), state(database_state(user="old")), codes=("IA915",)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_whose_a_database_and_its_user_are(name: str) -> None:
    case = CASES[name]
    decisions, problems = reconcile(wanted(case.settings), case.live, case.remembered)
    assert tuple(problem.code.id for problem in problems) == case.codes
    assert (decisions is None) == any(problem.severity == "error" for problem in problems)
    if decisions:
        (decision,) = decisions.databases
        assert (decision.import_user, decision.import_database) == case.imports


def test_what_may_have_been_made_is_what_is_claimed_and_not_there() -> None:
    assert decided(wanted(), EMPTY, CLAIMED).may_exist == (
        "user shop on shared-pg",
        "database shop on shared-pg",
    )
    assert decided(wanted(), EMPTY, State()).may_exist == ()
    assert decided(wanted(), BOTH, WHOLE).may_exist == ()


def test_a_taken_name_is_adopted_by_what_the_hint_says() -> None:
    _, problems = reconcile(wanted(), BOTH, State())
    assert "`infra-apply:databases: {shared-pg: {adopt: [shop]}}`" in (problems[0].hint or "")


def test_an_unknown_cluster_lists_those_that_exist() -> None:
    live = account(clusters={name: cluster(name) for name in ("shared-mysql", "shared-pg-2")})
    decisions, problems = reconcile(wanted(), live, State())
    assert decisions is None
    assert [problem.code.id for problem in problems] == ["IA901"]
    assert "there are: `shared-mysql`, `shared-pg-2`" in problems[0].message
    assert problems[0].hint == "did you mean `shared-pg-2`?"


def test_an_account_without_clusters_says_so() -> None:
    _, problems = reconcile(wanted(), Account(), State())
    assert "there are: none" in problems[0].message


def test_a_cluster_without_logical_databases_is_refused() -> None:
    live = account(clusters={"shared-pg": cluster(engine="valkey"), "real": cluster("real")})
    _, problems = reconcile(wanted(), live, State())
    assert [(problem.code.id, problem.hint) for problem in problems] == [
        ("IA902", "name one of real")
    ]


def test_every_problem_is_reported_at_once() -> None:
    twice = plan(
        service("shop", database=database("shop"), provider="mac", service=None),
        service("wiki", database=database("wiki", "nowhere"), provider="mac", service=None),
        settings=QUIET,
    )
    assert codes(twice, BOTH, State()) == ["IA911", "IA911", "IA901"]
