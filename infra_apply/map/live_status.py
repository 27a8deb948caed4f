"""What is declared beside what is real: how each node of the fleet's graph stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from infra_apply import naming
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.map.graph import Graph, Node
from infra_apply.map.probe import Answer
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.terminal import plural

Mark = Literal["good", "drift", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one node stands, in words; `notes` say what differs, or what there is in it."""

    mark: Mark
    words: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A live GPU droplet of a pool: hours since it was made, and USD so far (None: no price)."""

    pool: str
    id: str
    droplet: LiveDroplet
    hours: float | None
    cost: float | None


UNKNOWN: Final = Standing("unknown", "unknown")


def standings(
    drawn: Graph,
    plans: Iterable[Plan],
    live: Account | None,
    answers: Mapping[str, Answer],
    now: float,
) -> dict[str, Standing]:
    """Say how nodes stand, by id. `live` is None when the account could not be read.

    `answers` are by service id; `now` is in seconds since 1970. Nodes of which nothing can be
    asked (a mac's host, an external service) have no entry.
    """
    found = {id_: _ANSWERS[answer] for id_, answer in answers.items()}
    planned = _planned(plans)
    for node in drawn.of("host"):
        if node.lane == "digitalocean":
            found[node.id] = _host(node, planned.get(node.name), live) if live else UNKNOWN
    for node in drawn.of("cluster"):
        found[node.id] = _cluster(node, live)
    for node in drawn.of("database"):
        found[node.id] = _database(node, live)
    by_pool: dict[str, list[Slot]] = {}
    for slot in slots(live, now) if live else ():
        by_pool.setdefault(slot.pool, []).append(slot)
    for node in drawn.of("pool"):
        name = naming.instance(node.project or "", node.environment or "")
        found[node.id] = _pool(by_pool.get(name, ())) if live else UNKNOWN
    return found


def slots(live: Account, now: float) -> Iterator[Slot]:
    """Yield the GPU droplets that carry a slot's tag, `infra-apply-slot:<pool>:<id>`."""
    for droplet in live.gpu_droplets:
        for tag in droplet.tags:
            word, _, rest = tag.partition(":")
            pool, colon, identifier = rest.rpartition(":")
            if word == _SLOT and colon:
                made = droplet.made_at
                hours = None if made is None else max(0.0, now - made) / 3600
                price = droplet.hourly
                cost = None if hours is None or price is None else hours * price
                yield Slot(naming.text_of_tag(pool), identifier, droplet, hours, cost)


def strays(drawn: Graph, live: Account, now: float) -> tuple[Slot, ...]:
    """Return the slots of pools no manifest declares: they cost, and nobody waits for them."""
    pools = {naming.instance(one.project or "", one.environment or "") for one in drawn.of("pool")}
    return tuple(slot for slot in slots(live, now) if slot.pool not in pools)


def cost_so_far(of: Sequence[Slot]) -> str:
    """Write what slots have cost, in USD; a part that has no price is said."""
    known = [slot.cost for slot in of if slot.cost is not None]
    if not known and of:
        return "cost unknown"
    return f"${sum(known):.2f} so far" + ("" if len(known) == len(of) else ", partly unknown")


def _planned(plans: Iterable[Plan]) -> dict[str, HostPlan]:
    """Return each host as the stack that owns it plans it."""
    return {host.name: host for plan in plans for host in plan.hosts}


def _host(node: Node, planned: HostPlan | None, live: Account) -> Standing:
    found = _droplets(node, planned, live)
    if not found:
        return Standing("bad", "no such droplet")
    if len(found) > 1:
        ids = tuple(f"droplet {one.id} at {_address(one)}" for one in found)
        return Standing("unknown", f"{len(found)} droplets may be meant", ids)
    (droplet,) = found
    words = f"{droplet.status}, {_address(droplet)}"
    differs = tuple(_drift(planned, droplet)) if planned else ()
    if droplet.status != "active":
        return Standing("bad", words, differs)
    return Standing("drift" if differs else "good", words, differs)


def _droplets(node: Node, planned: HostPlan | None, live: Account) -> list[LiveDroplet]:
    """Return the droplets a host may be: the adopted id, else its name or its mesh address."""
    if planned and planned.adopt:
        return [one for one in live.droplets if one.id == planned.adopt]
    same = [one for one in live.droplets if one.name == node.name]
    return same or [one for one in live.droplets if node.address in one.addresses]


def _drift(planned: HostPlan, droplet: LiveDroplet) -> Iterator[str]:
    for what, declared, real in (
        ("size", planned.droplet.size, droplet.size),
        ("region", planned.droplet.region, droplet.region),
    ):
        if declared and real != declared:
            yield f"{what} is {real}, declared {declared}"
    if missing := sorted(set(planned.droplet.tags) - set(droplet.tags)):
        yield f"lacks the tags {', '.join(missing)}"
    ours = (tag for tag in set(droplet.tags) - set(planned.droplet.tags) if tag.startswith(_OURS))
    if extra := sorted(ours):
        yield f"has the tags {', '.join(extra)}, not declared"


def _address(droplet: LiveDroplet) -> str:
    return droplet.addresses[0] if droplet.addresses else "no address yet"


def _cluster(node: Node, live: Account | None) -> Standing:
    if live is None:
        return UNKNOWN
    if node.name not in live.databases:
        return Standing("bad", "no such cluster")
    return Standing("good", plural(len(live.databases[node.name]), "database"))


def _database(node: Node, live: Account | None) -> Standing:
    names = live.databases.get(node.host or "") if live else None
    if names is None:
        return UNKNOWN
    here = node.name in names
    return Standing("good", "present") if here else Standing("bad", "not there")


def _pool(of: Sequence[Slot]) -> Standing:
    if not of:
        return Standing("good", "empty")
    count = plural(len(of), "slot")
    notes = tuple(
        f"{slot.id}: {slot.droplet.size} in {slot.droplet.region}, {slot.droplet.status}, "
        + (
            f"{slot.hours:.1f} h, {cost_so_far([slot])}"
            if slot.hours is not None
            else "age unknown"
        )
        for slot in of
    )
    return Standing("good", f"{count}, {cost_so_far(of)}", notes)


_SLOT: Final = "infra-apply-slot"
_OURS: Final = ("infra-apply", "env:", "project:", "db:")
_ANSWERS: Final[Mapping[Answer, Standing]] = {
    "answers": Standing("good", "answers"),
    "refused": Standing("bad", "refuses connections"),
    # This machine may simply not be on the mesh.
    "silent": Standing("unknown", "no answer from here"),
    "unknown": Standing("unknown", "cannot be asked from here"),
}
