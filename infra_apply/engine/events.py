"""The events of a run of the engine as frozen values, and their fold into steps.

Source: the engine's event stream (pulumi/sdk/go/common/apitype/events.go, v3.259). The engine
has already put "[secret]" where a secret was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.automation import EngineEvent
    from pulumi.automation.events import StepEventMetadata

_COLOUR_CODE = re.compile(r"<\{%.*?%\}>")
_OPS_WITHIN_REPLACE = frozenset(
    {
        "create-replacement",
        "delete-replaced",
        "discard-replaced",
        "import-replacement",
        "read-replacement",
        "remove-pending-replace",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine does, or would do, to one resource.

    `op` is the engine's word: same, create, update, delete, replace, import, read, refresh, ...; a
    replacement is one step. `inputs` are the program's, `old_inputs` the state's. `detailed_diff`
    is property path -> kind (add, update, delete, and the same with -replace). `provider` and
    `parent_urn` are empty where there is none. With `retain` a delete only forgets the resource.
    `status` is started until the engine is done; a component is done at once.
    """

    op: str
    urn: str
    type: str
    name: str
    parent_urn: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    old_inputs: Mapping[str, Any] = field(default_factory=dict)
    detailed_diff: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    id: str = ""
    provider: str = ""
    custom: bool = False
    protect: bool = False
    retain: bool = False
    status: Literal["started", "done", "failed"] = "started"


@dataclass(frozen=True, slots=True)
class EngineMessage:
    """A message of a run: severity info, info#err (a program's stderr), warning or error."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True, slots=True)
class Phase:
    """The engine starts to plan, or to act; the second phase of an `up` is the real one."""

    number: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A phase is over: op -> how many resources (the stack counts, default providers do not)."""

    changes: Mapping[str, int]


Event = Step | EngineMessage | Phase | Summary


class EventCollector:
    """Folds the engine's events into steps and messages; only those of the last phase are kept."""

    def __init__(self) -> None:
        self.phases = 0
        self.changes: Mapping[str, int] = {}
        self._steps: dict[str, Step] = {}
        self._messages: list[EngineMessage] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        """One step a resource, in the order in which the engine came to them."""
        return tuple(self._steps.values())

    @property
    def messages(self) -> tuple[EngineMessage, ...]:
        """The messages, in order; debug messages and status lines are left out."""
        return tuple(self._messages)

    def add(self, event: EngineEvent) -> Event | None:
        """Take in one event of the engine; returns what it means for a reader, None for nothing."""
        if event.prelude_event:
            self.phases += 1
            self._steps.clear()
            self._messages.clear()
            self.changes = {}
            return Phase(self.phases)
        if event.summary_event:
            counts = event.summary_event.resource_changes
            self.changes = {getattr(op, "value", str(op)): count for op, count in counts.items()}
            return Summary(self.changes)
        if event.diagnostic_event:
            return self._add_message(event.diagnostic_event)
        return self._add_resource_event(event)

    def _add_resource_event(self, event: EngineEvent) -> Step | None:
        if event.resource_pre_event:
            return self._add_step(event.resource_pre_event.metadata, "started")
        if event.res_outputs_event:
            return self._add_step(event.res_outputs_event.metadata, "done")
        if event.res_op_failed_event:
            return self._add_step(event.res_op_failed_event.metadata, "failed")
        return None

    def _add_message(self, diagnostic: Any) -> EngineMessage | None:
        if diagnostic.severity == "debug" or diagnostic.ephemeral:
            return None
        message = EngineMessage(
            diagnostic.severity,
            without_colour_codes(diagnostic.message).rstrip("\n"),
            diagnostic.urn or "",
        )
        if not message.message.strip():
            return None
        self._messages.append(message)
        return message

    def _add_step(
        self, metadata: StepEventMetadata, status: Literal["started", "done", "failed"]
    ) -> Step:
        step = _step(metadata)
        # A component is nothing to wait for, and without outputs the engine says no more of it.
        step = replace(step, status=status if step.custom or status == "failed" else "done")
        earlier = self._steps.get(step.urn)
        if earlier is not None:
            step = _merged(earlier, step)
        self._steps[step.urn] = step
        return step


def without_colour_codes(text: str) -> str:
    """`text` without the engine's colour codes, `<{%fg 1%}>`."""
    return _COLOUR_CODE.sub("", text)


def name_of_urn(urn: str) -> str:
    """A resource's name: what follows the fourth `::` of its URN (names may hold `::`)."""
    return urn.split("::", 3)[-1]


def _step(metadata: StepEventMetadata) -> Step:
    old, new = metadata.old, metadata.new
    state = new or old
    diff = metadata.detailed_diff or {}
    return Step(
        op=str(metadata.op.value),
        urn=metadata.urn,
        type=metadata.type,
        name=name_of_urn(metadata.urn),
        parent_urn=state.parent if state else "",
        inputs=(new.inputs if new else None) or {},
        old_inputs=(old.inputs if old else None) or {},
        detailed_diff={path: str(change.diff_kind.value) for path, change in diff.items()},
        changed=tuple(metadata.diffs or ()),
        id=(new.id if new else "") or (old.id if old else ""),
        provider=metadata.provider,
        custom=bool(state and state.custom),
        protect=bool(state and state.protect),
        retain=bool(state and state.retain_on_delete),
    )


def _merged(earlier: Step, step: Step) -> Step:
    """Join two steps of one resource: a replacement's parts, a refresh and what follows it."""
    if earlier.op == "replace" and step.op in _OPS_WITHIN_REPLACE:
        return replace(
            earlier, status=step.status, id=step.id if step.op.startswith("create") else earlier.id
        )
    if step.op == "replace":
        return replace(step, detailed_diff=step.detailed_diff or earlier.detailed_diff)
    if earlier.op == "import" and step.op == "update":  # taken over, and changed at once
        return replace(step, op="import")
    if step.op == "refresh" and earlier.op != "refresh":
        return earlier
    return step
