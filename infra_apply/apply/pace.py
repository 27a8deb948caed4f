"""How many requests an update needs, and how fast it may send them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from infra_apply.engine.events import Step

FREELY: Final = 200
"""Requests that DigitalOcean takes at once: it allows 250 a minute."""

PER_SECOND: Final = 4
"""Requests a second beyond that, which the limit allows for ever."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The requests that are expected, the seconds they take at least, and variables that do it."""

    requests: int
    seconds: float = 0.0
    environ: Mapping[str, str] = field(default_factory=dict)


def pace_of(steps: Iterable[Step], remembered: int, *, speed: float = 1.0) -> Pace:
    """Estimate an update's requests from its preview; `remembered` resources are refreshed first.

    `speed` is how much faster than a real account's clock a rehearsal's is. An update refreshes
    what the state has twice: for its plan, and before it acts.
    """
    requests = 2 * remembered + sum(_requests(step) for step in steps)
    if requests <= FREELY:
        return Pace(requests)
    return Pace(requests, seconds=requests / (PER_SECOND * speed), environ=slowed(speed))


def slowed(speed: float = 1.0) -> dict[str, str]:
    """Return the variables with which the provider keeps to what DigitalOcean allows for ever."""
    return {"DIGITALOCEAN_REQUESTS_PER_SECOND": f"{PER_SECOND * speed:g}"}


def _requests(step: Step) -> int:
    if not step.custom or step.op in _NO_REQUEST or step.type.startswith("pulumi:"):
        return 0
    return _BY_KIND.get(step.type.rpartition(":")[2], 2)


_NO_REQUEST: Final = frozenset({"same", "refresh"})
# One host with tag and firewall was measured at 6 requests: a POST each, and what is read back.
_BY_KIND: Final = {"Droplet": 3, "Firewall": 2, "Tag": 1}
