"""What came of attempts to make slots, and what follows for the next one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage
from infra_apply.gpu.change import Change
from infra_apply.gpu.placement import Place
from infra_apply.gpu.pool import Pool


@dataclass(slots=True)
class Attempts:
    """What failed so far: places without room, slot ids not to be used again, and why."""

    full: set[tuple[str, str]] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    said: str = ""
    strikes: int = 0

    def learn(
        self, outcome: Outcome | None, change: Change, pool: Pool, place: Place | None
    ) -> None:
        """Take in how a round went; `pool` is what there is after it.

        Raises Outage for what neither another place nor another try would mend.
        """
        if outcome is None or outcome.ok:
            self.strikes += 1
            if self.strikes > _TRIES:
                raise Outage("the pool does not come to rest: somebody else changes it")
            return
        self.said = errors(outcome)
        lost = {one.id for one in change.create} - {one.id for one in pool.slots}
        self.ids |= lost
        if place and lost and _NO_ROOM.search(self.said):
            self.full.add((place.size, place.region))
            return
        self.strikes += 1
        if self.strikes >= _TRIES or not _MAY_PASS.search(self.said):
            raise engine_failed(outcome, f"the pool has {len(pool.slots)} slots, and no more came")


def engine_failed(outcome: Outcome, tried: str) -> Outage:
    """Give the failure for a run of the engine that went wrong."""
    return Outage(
        f"{tried}: {errors(outcome)}",
        state="what was made is tagged, and no slot is lost: the next run takes it up",
        next_step="run the same again",
    )


def errors(outcome: Outcome) -> str:
    """Return what a run said went wrong, each thing once."""
    said = [one.message.strip() for one in outcome.diagnostics if one.severity == "error"]
    return "; ".join(dict.fromkeys(one for one in said if one not in _ECHOES)) or "no reason given"


_ECHOES: Final = frozenset({"update failed", "preview failed", "refresh failed"})
# godo writes `POST https://host/v2/droplets: 422 (request "id") message`; ids may hold any digits.
_NO_ROOM: Final = re.compile(r": (?:422|404)\b|timeout while waiting")
_MAY_PASS: Final = re.compile(
    r": (?:429|5\d\d)\b|EOF|connection|Connection|timed out|another run changed"
)
_TRIES: Final = 3
