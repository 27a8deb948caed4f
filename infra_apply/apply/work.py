"""What several runs did together, and whether one more may do what is left. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

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
    """Return the steps that go beyond what was agreed to: another operation, or other values.

    An approved create may have become an import of what a lost answer left, or an update of what
    was made and did not become ready.
    """
    agreed = {step.urn: step for step in approved}
    return [step for step in changing(steps) if not _is_agreed(step, agreed.get(step.urn))]


def _is_agreed(step: Step, approved: Step | None) -> bool:
    if approved is None or step.op not in _FOLLOWS.get(approved.op, {approved.op}):
        return False
    return settable(step.inputs) == settable(approved.inputs)


def settable(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that decide what a resource is set to.

    User data counts only when a droplet is made, and the engine shows it to nobody; an import reads
    it from the account.
    """
    return {name: value for name, value in inputs.items() if name not in _IGNORED}


def _was_done(step: Step) -> bool:
    return step.status == "done" and step.op not in UNCHANGING


def _counts(step: Step) -> bool:
    return step.status == "done" and not step.type.startswith("pulumi:providers:")


_IGNORED: Final = frozenset({"userData", "__defaults"})
_FOLLOWS: Final = {
    "create": {"create", "import", "update"},
    "import": {"import", "update"},
}
