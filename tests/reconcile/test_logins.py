"""Two users of a database take turns: which are open, which is given out, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.digitalocean.model import Account
from infra_apply.inputs.settings import Settings
from infra_apply.plan.model import Plan
from infra_apply.reconcile.databases import expected_members
from infra_apply.reconcile.decide import reconcile
from infra_apply.reconcile.logins import CLOSE, ROTATE, Wish, wish_of
from infra_apply.reconcile.state import USER, State
from tests.companies import database, plan, service
from tests.reconcile.engine_model import World
from tests.reconcile.test_databases import holding
from tests.reconcile.worlds import QUIET, account, cluster, database_state, decided, state

ONE, BOTH = holding({"shop"}, {"shop"}), holding({"shop", "shop_2"}, {"shop"})
OPEN, REST = Wish("shop", "shop_2"), Wish("shop", "shop")
CLOSE_FIRST = replace(REST, closes=True)


def wanted(settings: Settings = QUIET, user: str = "shop") -> Plan:
    declared = replace(database("shop"), user=user)
    manifest = service("shop", database=declared, provider="mac", service=None)
    return plan(manifest, settings=settings)


def remembered(*logins: str, second: bool = True, turns: bool | None = True) -> State:
    """A state in which these logins are open, and the second user was made at some time."""
    return state(database_state(second="shop_2" if second else None, logins=logins, turns=turns))


AT_FIRST = remembered(second=False)
CHANGING = remembered("shop_2", "shop")


@dataclass(frozen=True)
class Case:
    """What is there, what the state has, the wish, and what follows: logins, or the message."""

    live: Account
    remembered: State
    wish: Wish | None
    logins: tuple[str, ...] = ()
    message: str = ""
    hint: str = ""
    has_second: bool = True
    import_second: str | None = None
    settings: Settings = field(default_factory=lambda: QUIET)


CASES = {
    "without a wish the user is the only one": Case(
        ONE, AT_FIRST, None, ("shop",), has_second=False
    ),
    "the first rotation gives the second user out": Case(ONE, AT_FIRST, OPEN, ("shop_2", "shop")),
    "the same wish again changes nothing": Case(BOTH, CHANGING, OPEN, ("shop_2", "shop")),
    "without a wish both stay open": Case(BOTH, CHANGING, None, ("shop_2", "shop")),
    "an update that was killed before the second user was made goes on": Case(
        ONE, remembered("shop_2", "shop", second=False), None, ("shop_2", "shop")
    ),
    "the second user's lost answer: it is taken up": Case(
        BOTH,
        remembered("shop_2", "shop", second=False),
        OPEN,
        ("shop_2", "shop"),
        message="was made by an update that did not finish",
        import_second="id-of-shared-pg,shop_2",
    ),
    "the former login is closed": Case(BOTH, CHANGING, CLOSE_FIRST, ("shop_2",)),
    "what is closed stays so when asked for again": Case(
        BOTH, remembered("shop_2"), CLOSE_FIRST, ("shop_2",)
    ),
    "the turn comes back": Case(BOTH, remembered("shop_2"), REST, ("shop", "shop_2")),
    "the second user stays, open or not": Case(BOTH, remembered(), None, ("shop",)),
    "a second user that somebody dropped is made anew": Case(
        ONE, remembered(), None, ("shop",), message="is gone from the cluster"
    ),
    "a wish is of no concern to others": Case(
        ONE,
        AT_FIRST,
        Wish("wiki", "wiki_2"),
        message="`wiki` has no database in this stack",
        hint="look into its manifest",
    ),
    "a slip in the wish is guessed": Case(
        ONE, AT_FIRST, Wish("shp", "shop_2"), message="`shp` has no", hint="did you mean `shop`?"
    ),
    "a login that is none of both": Case(
        ONE, AT_FIRST, Wish("shop", "root"), message="those are `shop` and `shop_2`"
    ),
    "both are open: close first": Case(
        BOTH, CHANGING, REST, message="both logins of `shop` are open", hint="rotate shop --close"
    ),
    "the one that is given out is not closed": Case(
        BOTH,
        CHANGING,
        replace(OPEN, closes=True),
        message="is the login of `shop` that is given out",
        hint="db rotate shop",
    ),
    "a stranger's user of that name is not taken over": Case(
        BOTH,
        AT_FIRST,
        OPEN,
        message="the user `shop_2` on `shared-pg` is there already",
        hint="drop it if nobody needs it",
    ),
    "what belongs to a user by name cannot be taken over": Case(
        ONE,
        remembered(second=False, turns=False),
        OPEN,
        message="belong, or are granted, to a user by name",
        hint="db reset-password shop",
    ),
    "what was never separated cannot be taken over": Case(
        ONE,
        remembered(second=False, turns=None),
        OPEN,
        message="nothing keeps its things together",
        hint="db reset-password shop",
    ),
    "where isolation is off nobody can take over": Case(
        ONE,
        AT_FIRST,
        OPEN,
        message="its isolation is off",
        settings=replace(QUIET, isolation="off"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_which_logins_are_open_and_what_is_refused(name: str) -> None:
    case = CASES[name]
    decisions, problems = reconcile(wanted(case.settings), case.live, case.remembered, case.wish)
    if case.message:
        (problem,) = problems
        assert case.message in problem.message
        assert case.hint in (problem.hint or "")
    else:
        assert problems == ()
    if not case.logins:
        assert decisions is None
        return
    assert decisions is not None
    (decision,) = decisions.databases
    assert decision.logins == case.logins
    assert (decision.has_second, decision.import_second) == (case.has_second, case.import_second)


def test_a_name_that_postgresql_would_cut_is_refused_with_words() -> None:
    user = "s" * 62
    held = [
        replace(child, inputs={**child.inputs, "name": user}) for child in database_state()[1:2]
    ]
    parent, _, *rest = database_state(turns=True)
    parent = replace(parent, inputs={**parent.inputs, "user": user})
    live = holding({user}, {"shop"})
    _, problems = reconcile(
        wanted(user=user), live, state((parent, *held, *rest)), Wish("shop", f"{user}_2")
    )
    assert [problem.code.id for problem in problems] == ["IA932"]
    assert "would be longer than 63 bytes" in problems[0].message


def test_a_manifest_cannot_name_the_second_login_of_another_instance_as_its_user() -> None:
    other = replace(database("wiki"), user="shop_2")
    both = plan(
        service("shop", database=database("shop"), provider="mac", service=None),
        service("wiki", database=other, provider="mac", service=None),
        settings=QUIET,
    )
    _, problems = reconcile(both, BOTH, remembered())
    assert "IA932" in [problem.code.id for problem in problems]
    assert "is the second login of `shop`" in problems[-1].message


def test_a_second_user_is_looked_for_by_name_only_where_there_is_to_be_one() -> None:
    def users(known: State, wish: Wish | None = None) -> frozenset[str]:
        return expected_members(wanted(), known, wish)["shared-pg"].users

    assert users(AT_FIRST) == {"shop"}
    assert users(AT_FIRST, OPEN) == users(CHANGING) == users(remembered()) == {"shop", "shop_2"}


def test_what_is_retired_or_quarantined_keeps_both_users() -> None:
    known = remembered("shop_2")
    retiring = replace(QUIET, retired={"shop": "keep"})
    (retirement,) = decided(plan(settings=retiring), BOTH, known).retirements
    names = [child.inputs["name"] for child in retirement.children if child.type == USER]
    assert names == ["shop", "shop_2"]
    quarantined = replace(plan(settings=QUIET), quarantined={"shop": ("shop", "prod")})
    (kept,) = decided(quarantined, BOTH, known).quarantined
    assert [child.name for child in kept.children if child.type == USER] == ["shop", "shop#2"]
    assert expected_members(quarantined, known)["shared-pg"].users == {"shop", "shop_2"}


def test_a_renamed_user_is_refused_for_both() -> None:
    _, problems = reconcile(wanted(user="store"), BOTH, remembered("shop_2"))
    assert [problem.code.id for problem in problems] == ["IA915", "IA915"]
    assert "keep the name of its user" in (problems[-1].hint or "")


def never(_: str) -> bool:
    return False


def always(_: str) -> bool:
    return True


@given(st.data())
def test_whatever_is_wished_and_lost_no_user_is_made_twice_or_goes(data: st.DataObject) -> None:
    """Rotations and closings, of which any update may lose an answer or be repeated."""
    wishes = [
        None,
        *(Wish("shop", name, closes) for name in ("shop", "shop_2") for closes in (False, True)),
    ]
    basis = account(clusters={name: cluster(name) for name in ("shared-pg",)})
    world, planned = World(), wanted()
    for wish in data.draw(st.lists(st.sampled_from(wishes), max_size=8)):
        before = set(world.users)
        decisions, problems = reconcile(planned, world.account(basis), world.state(), wish)
        if decisions is None:
            errors = {problem.code.id for problem in problems if problem.severity == "error"}
            assert errors == {"IA932"}
            continue
        (decision,) = decisions.databases
        whole = world.apply(decisions, [never, always][data.draw(st.integers(0, 1))])
        assert before <= world.users
        if whole:  # the same wish again has nothing more to do
            again = decided(planned, world.account(basis), world.state(), wish)
            made = world.created
            assert again.databases[0].logins == decision.logins
            assert world.apply(again)
            assert world.created == made
    assert world.apply(decided(planned, world.account(basis), world.state()))
    last = decided(planned, world.account(basis), world.state()).databases[0]
    assert {("shared-pg", login) for login in last.logins} <= world.users
    assert world.created == len(world.users) + len(world.databases)


def test_a_wish_is_read_from_what_it_writes() -> None:
    for wish in (OPEN, CLOSE_FIRST):
        assert wish_of(wish.environ) == wish
    assert wish_of({}) is None
    assert wish_of({ROTATE: ""}) is None
    assert wish_of({CLOSE: "shop"}) == Wish("shop", "", closes=True)
