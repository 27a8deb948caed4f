"""How far a run of the engine is, on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_apply.engine.events import EngineMessage, Event, Phase, Step, Summary

if TYPE_CHECKING:
    from infra_apply.terminal.layout import StatusLine

_COUNTED_OPS = frozenset({"same", "create", "update", "delete", "replace", "import", "read"})


class Progress:
    """Shows `resources done of all, elapsed` from a run's events.

    Give its `event` as `on_event` and its `tick` as `on_tick` of `run`, and call `end` after. How
    many there are in all is known when a plan was made first (`up`, `destroy`).
    """

    def __init__(self, status_line: StatusLine, doing: str) -> None:
        self._status_line = status_line
        self._doing = doing
        self._done: set[str] = set()
        self._total: int | None = None
        self._planned: int | None = None
        self._status_line.show(doing)

    def event(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Phase():
                self._done.clear()
                self._total = self._planned
            case Summary(changes=changes):
                self._planned = sum(changes.get(op, 0) for op in _COUNTED_OPS)
            case Step(status="done" | "failed") if not _is_default_provider(event):
                self._done.add(event.urn)
            case EngineMessage() | Step():
                return
        self._status_line.show(self._status())

    def tick(self) -> None:
        """Let time pass."""
        self._status_line.tick()

    def end(self) -> None:
        """Take the line away."""
        self._status_line.end()

    def _status(self) -> str:
        of_total = f" of {self._total}" if self._total else ""
        return f"{self._doing}: {len(self._done)}{of_total} resources done"


def _is_default_provider(step: Step) -> bool:
    return step.type.startswith("pulumi:providers:")
