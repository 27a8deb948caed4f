"""What several runs did together, and what one more may do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.work import joined, unapproved
from infra_apply.engine.events import Step
from tests.apply.steps import error, outcome, step


def test_what_was_done_first_is_still_done_when_the_next_run_finds_it_unchanged() -> None:
    first = outcome(
        step("create", "Firewall", "lime"), step("create", "Droplet", "lime", status="failed")
    )
    second = outcome(step("same", "Firewall", "lime"), step("import", "Droplet", "lime"))
    both = joined([first, second])
    assert [(done.op, done.status) for done in both.steps] == [
        ("create", "done"),
        ("import", "done"),
    ]
    assert both.changes == {"create": 1, "import": 1}


def test_what_was_only_planned_is_not_counted() -> None:
    planned = outcome(step("create", "Droplet", "lime"), acted=False)
    assert joined([planned]).changes == {}
    assert not joined([planned]).acted


def test_what_failed_or_was_not_finished_is_not_counted() -> None:
    run = outcome(
        step("create", "Droplet", "lime", status="failed"),
        step("create", "Droplet", "basil", status="started"),
        step("create", "Host", "lime"),
    )
    assert joined([run]).changes == {"create": 1}


def test_a_failing_preview_at_the_end_decides_how_it_ended_and_not_what_was_done() -> None:
    first = outcome(step("create", "Tag", "a"), errors=[error("lost")])
    again = outcome(step("create", "Tag", "b"), acted=False, errors=[error("refused")])
    both = joined([first, again])
    assert (both.ok, both.diagnostics) == (False, (error("refused"),))
    assert [done.name for done in both.steps] == ["a"]


def test_an_approved_create_may_become_an_import_and_nothing_else_may_be_added() -> None:
    approved = [step("create", "Droplet", "lime"), step("update", "Droplet", "basil")]
    fine = [step("import", "Droplet", "lime"), step("same", "Droplet", "basil")]
    assert unapproved(fine, approved) == []
    assert unapproved([step("update", "Droplet", "lime")], approved) == []
    more = [step("import", "Droplet", "basil"), step("update", "Droplet", "thyme")]
    assert unapproved(more, approved) == more
    assert unapproved([step("delete", "Droplet", "lime")], approved) != []


def test_a_step_with_other_values_than_were_approved_is_not_approved() -> None:
    approved = [step("create", "Droplet", "lime", inputs={"size": "small", "userData": "x"})]
    same = step("import", "Droplet", "lime", inputs={"size": "small"})
    other = step("create", "Droplet", "lime", inputs={"size": "large"})
    assert unapproved([same], approved) == []
    assert unapproved([other], approved) == [other]


_steps = st.lists(
    st.builds(
        step,
        st.sampled_from(["create", "update", "delete", "replace", "import", "same"]),
        st.just("Droplet"),
        st.sampled_from("abc"),
    ),
    max_size=6,
    unique_by=lambda drawn: drawn.name,
)


@given(_steps)
def test_what_was_approved_is_approved(steps: list[Step]) -> None:
    assert unapproved(steps, steps) == []


@given(_steps, _steps)
def test_nothing_that_nobody_saw_is_approved(steps: list[Step], approved: list[Step]) -> None:
    known = {seen.urn for seen in approved}
    beyond = {left.urn for left in unapproved(steps, approved)}
    assert {new.urn for new in steps if new.op != "same" and new.urn not in known} <= beyond
