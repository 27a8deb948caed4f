"""Whether a fleet's reaper runs: the heartbeat that each of its runs leaves on the account, a tag.

A tag is the one thing that the reaper's token can leave, and who scales can read, without anything
else that both would have to reach. No droplet has it, so that it decides about none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from infra_apply import naming
from infra_apply.digitalocean.client import Client, TokenRefused
from infra_apply.digitalocean.read import read_tags
from infra_apply.gpu.slot import tag_seconds
from infra_apply.terminal.layout import duration

REAPED_EVERY: Final = 5 * 60
"""Seconds between two runs of the reaper, as the README has it run."""

HEARTBEAT_LASTS: Final = 15 * 60
"""Seconds. A heartbeat that is older says that three runs in a row were missed."""

HEARTBEAT_SCOPES: Final = ("tag:create", "tag:read", "tag:delete")
"""The scopes that a token needs to leave one, and to take the older ones away."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a fleet's reaper last ran: seconds since 1970, None if never or not known.

    `is_known` is False where the token may not read tags.
    """

    last: int | None
    is_known: bool = True

    def age(self, now: float) -> float | None:
        """Seconds since then; a reaper whose clock is ahead ran just now."""
        return None if self.last is None else max(0.0, now - self.last)

    def is_fresh(self, now: float) -> bool:
        """Say whether the reaper is known to run: whether it ran within `HEARTBEAT_LASTS`."""
        age = self.age(now)
        return age is not None and age < HEARTBEAT_LASTS


def latest_heartbeat(tags: Iterable[str], fleet: str, now: float) -> Heartbeat:
    """Return the latest heartbeat of a fleet among all tags of an account: pure.

    One of a time more than `HEARTBEAT_LASTS` ahead is left out: no clock is that wrong, and a tag
    that anybody can write would say for ever that a reaper runs.
    """
    times = [seconds for _, seconds in _heartbeats(tags, fleet)]
    return Heartbeat(max((time for time in times if time - now < HEARTBEAT_LASTS), default=None))


def read_heartbeat(client: Client, fleet: str, now: float) -> Heartbeat:
    """Read a fleet's heartbeat off the account. Raises Outage for anything but a refused token."""
    try:
        return latest_heartbeat(read_tags(client), fleet, now)
    except TokenRefused:
        return Heartbeat(None, is_known=False)


def leave_heartbeat(client: Client, fleet: str, now: float) -> None:
    """Leave the heartbeat of a run that ends now. Raises TokenRefused, Retry, Ambiguous."""
    client.post("/v2/tags", {"name": naming.heartbeat_tag(fleet, int(now))})


def remove_older_heartbeats(client: Client, fleet: str, now: float) -> None:
    """Remove the fleet's heartbeats from before `now`, and no other tag.

    To be called when the one of now is there, so that there always is one. Raises Outage,
    TokenRefused, Retry and Ambiguous.
    """
    for tag, seconds in list(_heartbeats(read_tags(client), fleet)):
        if seconds < int(now):
            client.delete(f"/v2/tags/{quote(tag, safe='')}")


def describe_heartbeat(heartbeat: Heartbeat, now: float) -> str:
    """Say in words whether a reaper runs."""
    age = heartbeat.age(now)
    if not heartbeat.is_known:
        return "whether a reaper runs is not known: the token may not read tags (scope tag:read)"
    if age is None:
        return "no reaper has ever left a heartbeat"
    if heartbeat.is_fresh(now):
        return f"the reaper ran {duration(age)} ago"
    due = f"one is due every {duration(REAPED_EVERY)}"
    return f"the reaper's last heartbeat is {duration(age)} old, and {due}"


def _heartbeats(tags: Iterable[str], fleet: str) -> Iterator[tuple[str, int]]:
    """Yield each tag that is a heartbeat of the fleet, with its time; others say nothing."""
    for tag in tags:
        text = naming.heartbeat_of_tag(fleet, tag)
        seconds = None if text is None else tag_seconds(text)
        if seconds is not None:
            yield tag, seconds
