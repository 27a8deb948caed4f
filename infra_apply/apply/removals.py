"""What a preview would delete, replace or forget; what nobody asked for is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.apply.wording import resource_label
from infra_apply.engine.events import Step
from infra_apply.errors import Refusal
from infra_apply.plan.model import Plan
from infra_apply.reconcile.state import GRANTS
from infra_apply.terminal.layout import plural


@dataclass(frozen=True, slots=True)
class Removals:
    """The steps of a preview after which something is no longer there, or no longer known.

    `forgets` only take a resource out of the state: it is retained, or its provider deletes
    nothing, and it stays as it is.
    """

    deletes: tuple[Step, ...]
    replaces: tuple[Step, ...]
    forgets: tuple[Step, ...]


def removals(steps: Iterable[Step]) -> Removals:
    """Sort out what removes something. Components and providers are nothing in the account."""
    real = [step for step in steps if step.custom and not step.type.startswith(_PROVIDER)]
    deletes = [step for step in real if step.op == "delete"]
    return Removals(
        deletes=tuple(step for step in deletes if not _only_forgets(step)),
        replaces=tuple(step for step in real if step.op in _REPLACES),
        forgets=tuple(step for step in deletes if _only_forgets(step)),
    )


def refuse_removals(
    removed: Removals, plan: Plan, *, allowed: int, command: str, remarks: Iterable[str] = ()
) -> None:
    """Raise Refusal for a replacement, or for more deletions than are `allowed`.

    It names each resource and why it goes, and then `remarks`, a line each; `command` is what was
    typed, for the hint.
    """
    too_many = len(removed.deletes) > allowed
    refused = (*(removed.deletes if too_many else ()), *removed.replaces)
    if not refused:
        return
    lines = [f"  {line}" for line in (*removal_lines(refused, plan), *remarks)]
    raise Refusal(
        "\n".join([f"{plural(len(refused), 'resource')} would go that must not:", *lines]),
        state="nothing was changed",
        next_step=_way_out(removed, command),
    )


def removal_lines(steps: Sequence[Step], plan: Plan) -> Iterator[str]:
    """Yield a line a step: what would happen to which resource, and why."""
    for step in steps:
        label = resource_label(step.urn, plan)
        identifier = f" ({step.id})" if step.id else ""
        yield f"{label}{identifier} would be {_happens(step)}"


def _only_forgets(step: Step) -> bool:
    """Say whether a deletion leaves what it is of: grants stay where their database does."""
    return step.retain or step.type == GRANTS


def _happens(step: Step) -> str:
    if step.op == "delete" and _only_forgets(step):
        return "forgotten, and stays in the account: nothing declares it any more"
    if step.op == "delete":
        return "deleted: nothing declares it any more"
    return f"replaced, which deletes it: {_cause(step)}"


def _cause(step: Step) -> str:
    """Name the inputs that force a replacement, with their values where they are short."""
    forcing = [path for path, kind in step.detailed_diff.items() if kind.endswith("-replace")]
    keys = sorted({path.partition(".")[0].partition("[")[0] for path in forcing or step.changed})
    changes = [_change(key, step) for key in keys]
    return ", ".join(changes) if changes else "the provider gives no reason"


def _change(key: str, step: Step) -> str:
    old, new = step.old_inputs.get(key), step.inputs.get(key)
    if old != new and all(_is_short(value) for value in (old, new)):
        return f"{key} changes from {_text(old)} to {_text(new)}"
    return f"{key} changes"


def _is_short(value: object) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _text(value: object) -> str:
    return "none" if value is None else str(value)


def _way_out(removed: Removals, command: str) -> str:
    if removed.replaces:
        return (
            "undo what forces the replacement; a resource that is meant to go is first taken out "
            "of the manifests"
        )
    return (
        "bring back what declared them; if they are meant to go: "
        f"{command} --allow-delete {len(removed.deletes)}"
    )


_PROVIDER: Final = "pulumi:providers:"
_REPLACES: Final = frozenset(
    {
        "replace",
        "create-replacement",
        "delete-replaced",
        "import-replacement",
        "read-replacement",
        "discard-replaced",
        "remove-pending-replace",
    }
)
_LONGEST: Final = 40
