"""What several runs did together, and whether one more may do what is left. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from infra_apply.engine.events import Step
from infra_apply.engine.run import Outcome

UNCHANGING: Final = frozenset({"same", "refresh", "read"})
"""The operations after which a resource is what it was."""


def changing(steps: Iterable[Step]) -> list[Step]:
    """Pick the steps that change something; default providers are nothing of ours."""
    return [
        step
        for step in steps
        if step.op not in UNCHANGING and not step.type.startswith("pulumi:providers:")
    ]


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Join the outcomes of runs, one after the other: what each did, and how the last one ended.

    A run that ended before it acted did nothing: its steps were planned only. `changes` counts
    what was done, and nothing else.
    """
    steps: dict[str, Step] = {}
    for outcome in outcomes:
        if not outcome.acted:
            continue
        for step in outcome.steps:
            earlier = steps.get(step.urn)
            if earlier is None or not _was_done(earlier) or step.op not in UNCHANGING:
                steps[step.urn] = step
    return replace(
        outcomes[-1],
        steps=tuple(steps.values()),
        duration=sum(outcome.duration for outcome in outcomes),
        changes=Counter(step.op for step in steps.values() if _counts(step)),
        acted=any(outcome.acted for outcome in outcomes),
    )


def unapproved(steps: Iterable[Step], approved: Iterable[Step]) -> list[Step]:
    """Return the steps that go beyond what was agreed to.

    An approved create may have become an import of what a lost answer left, or an update of what
    was made and did not become ready.
    """
    agreed = {step.urn: step.op for step in approved}
    return [
        step
        for step in changing(steps)
        if step.op not in _FOLLOWS.get(agreed.get(step.urn, ""), {agreed.get(step.urn)})
    ]


def _was_done(step: Step) -> bool:
    return step.status == "done" and step.op not in UNCHANGING


def _counts(step: Step) -> bool:
    return step.status == "done" and not step.type.startswith("pulumi:providers:")


_FOLLOWS: Final = {
    "create": {"create", "import", "update"},
    "import": {"import", "update"},
}
