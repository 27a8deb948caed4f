"""After a create whose answer was lost: looking whether it made something after all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra_apply.digitalocean.client import Client
from infra_apply.engine.events import Step
from infra_apply.errors import Outage

PATIENCE: Final = 60.0
"""Seconds after which what no list shows is taken as not made: DigitalOcean lists late."""


@dataclass(frozen=True, slots=True)
class Sought:
    """An object that may have been made: the list that would show it, and its name there.

    `path` and `key` are the list's, as in /v2/droplets and droplets. `tags` are all on it.
    """

    path: str
    key: str
    name: str
    tags: frozenset[str] = frozenset()
    query: tuple[tuple[str, str], ...] = ()

    def is_it(self, item: Mapping[str, Any]) -> bool:
        """Say whether an item of the list is the object."""
        named = str(item.get("name", "")) == self.name
        return named and self.tags <= {str(tag).casefold() for tag in item.get("tags") or ()}


def sought_objects(steps: Iterable[Step], lost_creates: Iterable[str]) -> tuple[Sought, ...]:
    """Say what to look for. Making a tag twice makes one, so that nobody looks for it."""
    urns = frozenset(lost_creates)
    return tuple(sought for step in steps if step.urn in urns for sought in _sought(step))


def look_for(
    client: Client,
    sought: tuple[Sought, ...],
    *,
    pause: Callable[[float], None],
    clock: Callable[[], float],
) -> bool:
    """Look until everything sought is there (True), or can be taken as not made (False).

    That is so when a minute has passed and two complete looks, one after the other, agree. `clock`
    gives seconds. Raises Outage where the account cannot be read for five minutes.
    """
    started = clock()
    earlier: Looked | None = None
    while True:
        try:
            looked: Looked | None = _look(client, sought)
        except Outage:
            if clock() - started > _GIVE_UP:
                raise
            looked = None
        if looked is not None and all(looked.found):
            return True
        waited = clock() - started
        agree = looked is not None and looked == earlier
        if (waited >= PATIENCE and agree) or (waited >= _GIVE_UP and looked is not None):
            return False
        earlier = looked
        pause(_BETWEEN_LOOKS)


@dataclass(frozen=True, slots=True)
class Looked:
    """One complete look: for each object whether it is there, and all that its list shows."""

    found: tuple[bool, ...]
    listed: tuple[frozenset[str], ...]


def _look(client: Client, sought: tuple[Sought, ...]) -> Looked:
    found, listed = [], []
    for thing in sought:
        items = list(client.list(thing.path, thing.key, **dict(thing.query)))
        found.append(any(thing.is_it(item) for item in items))
        listed.append(frozenset(f"{item.get('id')} {item.get('name')}" for item in items))
    return Looked(tuple(found), tuple(listed))


def _sought(step: Step) -> Iterator[Sought]:
    name = str(step.inputs.get("name") or "")
    cluster = step.inputs.get("clusterId")
    kind = step.type.rpartition(":")[2]
    if kind == "Droplet":
        tags = frozenset(str(tag).casefold() for tag in step.inputs.get("tags") or ())
        # A GPU droplet is in no list without its type, and no other is in a list with it.
        gpu = (("type", "gpus"),) if str(step.inputs.get("size", "")).startswith("gpu-") else ()
        yield Sought("/v2/droplets", "droplets", name, tags, gpu)
    if kind == "Firewall":
        yield Sought("/v2/firewalls", "firewalls", name)
    if kind == "DatabaseDb":
        yield Sought(f"/v2/databases/{cluster}/dbs", "dbs", name)
    if kind == "DatabaseUser":
        yield Sought(f"/v2/databases/{cluster}/users", "users", name)


_BETWEEN_LOOKS: Final = 5.0
_GIVE_UP: Final = 300.0
