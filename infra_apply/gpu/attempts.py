"""What came of attempts to make slots, and what follows for the next one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage
from infra_apply.gpu.change import Change
from infra_apply.gpu.placement import Placement
from infra_apply.gpu.pool import Pool

CHANGED_MEANWHILE: Final = (
    "another run changed this pool in the meantime; nothing was changed here, run the same again"
)


@dataclass(slots=True)
class Attempts:
    """What failed so far: (size, region) without room, ids that are not used again, and why."""

    without_room: set[tuple[str, str]] = field(default_factory=set)
    failed_ids: set[str] = field(default_factory=set)
    last_error: str = ""
    failures: int = 0

    def record(
        self, outcome: Outcome | None, change: Change, pool: Pool, placement: Placement | None
    ) -> None:
        """Take in how a round went; `pool` is what there is after it.

        Raises Outage for what neither another placement nor another try would mend.
        """
        if outcome is None or outcome.ok:
            self.failures += 1
            if self.failures > _TRIES:
                raise Outage("the pool does not come to rest: somebody else changes it")
            return
        self.last_error = error_text(outcome)
        lost = {spec.id for spec in change.create} - {slot.id for slot in pool.slots}
        self.failed_ids |= lost
        if placement and lost and _NO_ROOM.search(self.last_error):
            self.without_room.add((placement.size, placement.region))
            return
        self.failures += 1
        if self.failures >= _TRIES or not _MAY_PASS.search(self.last_error):
            raise engine_failed(outcome, f"the pool has {len(pool.slots)} slots, and no more came")


def engine_failed(outcome: Outcome, tried: str) -> Outage:
    """Return the failure for a run of the engine that went wrong."""
    return Outage(
        f"{tried}: {error_text(outcome)}",
        state="what was made is tagged, and no slot is lost: the next run takes it up",
        next_step="run the same again",
    )


def error_text(outcome: Outcome) -> str:
    """Return what a run gave as errors, each once."""
    messages = [
        diagnostic.message.strip()
        for diagnostic in outcome.diagnostics
        if diagnostic.severity == "error"
    ]
    texts = dict.fromkeys(message for message in messages if message not in _SUMMARIES)
    return "; ".join(texts) or "no reason given"


# The engine's own summaries of errors that it has told before.
_SUMMARIES: Final = frozenset({"update failed", "preview failed", "refresh failed"})
# godo writes `POST https://host/v2/droplets: 422 (request "id") message`; ids may hold any digits.
_NO_ROOM: Final = re.compile(r": (?:422|404)\b|timeout while waiting")
_MAY_PASS: Final = re.compile(
    r": (?:429|5\d\d)\b|EOF|connection|Connection|timed out|" + re.escape(CHANGED_MEANWHILE)
)
_TRIES: Final = 3
