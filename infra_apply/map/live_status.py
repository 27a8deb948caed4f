"""What is declared beside what is real: the live status of each node of the fleet's graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from infra_apply import naming
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.gpu.recognition import slots_of, suspects_of
from infra_apply.gpu.slot import Slot, cost_of
from infra_apply.map.graph import Graph, Node
from infra_apply.map.probe import Answer
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.terminal.layout import plural

Mark = Literal["good", "drift", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """What one node really is, in words; `notes` say what differs, or what there is in it."""

    mark: Mark
    words: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stray:
    """The droplet of a slot whose pool no manifest declares, or is not known; all in words."""

    pool: str
    droplet: str
    cost: str


UNKNOWN: Final = LiveStatus("unknown", "unknown")


def live_statuses(  # noqa: PLR0913 - what is drawn, planned and real
    drawn: Graph,
    plans: Iterable[Plan],
    live: Account | None,
    answers: Mapping[str, Answer],
    now: float,
    *,
    fleets: Collection[str] = (),
) -> dict[str, LiveStatus]:
    """Return the live status of nodes, by id. `live` is None when the account could not be read.

    `answers` are by service id; `now` is in seconds since 1970; `fleets` are those whose slots are
    meant. Nodes of which nothing can be asked (a mac's host, an external service) have no entry.
    """
    statuses = {id_: _ANSWERS[answer] for id_, answer in answers.items()}
    planned = _planned(plans)
    for node in drawn.of("host"):
        if node.lane == "digitalocean":
            statuses[node.id] = _host(node, planned.get(node.name), live) if live else UNKNOWN
    for node in drawn.of("cluster"):
        statuses[node.id] = _cluster(node, live)
    for node in drawn.of("database"):
        statuses[node.id] = _database(node, live)
    slots = _slots(live, fleets) if live else ()
    for node in drawn.of("pool"):
        of_pool = [slot for slot in slots if _is_in(slot, node)]
        statuses[node.id] = _pool(of_pool, now) if live and fleets else UNKNOWN
    return statuses


def strays(
    drawn: Graph, live: Account, now: float, *, fleets: Collection[str]
) -> tuple[Stray, ...]:
    """Return the slots of pools no manifest declares: they cost, and nobody waits for them.

    So does what only looks like a slot of these fleets, whose pool is not known.
    """
    pools = tuple(drawn.of("pool"))
    undeclared = tuple(
        Stray(slot.pool, slot.droplet.name, _cost_so_far([slot.droplet], now))
        for slot in _slots(live, fleets)
        if not any(_is_in(slot, pool) for pool in pools)
    )
    suspects = {
        suspect.droplet.id: suspect
        for fleet in sorted(fleets)
        for suspect in suspects_of(live.gpu_droplets, fleet)
    }
    return undeclared + tuple(
        Stray(
            f"unknown, as {suspect.why}", suspect.droplet.name, _cost_so_far([suspect.droplet], now)
        )
        for suspect in suspects.values()
    )


def _slots(live: Account, fleets: Collection[str]) -> tuple[Slot, ...]:
    return tuple(slot for fleet in sorted(fleets) for slot in slots_of(live.gpu_droplets, fleet))


def _is_in(slot: Slot, pool: Node) -> bool:
    name = naming.instance(pool.project or "", pool.environment or "")
    return slot.belongs_to(name, pool.environment or "")


def _planned(plans: Iterable[Plan]) -> dict[str, HostPlan]:
    """Return each host as the stack that owns it plans it."""
    return {host.name: host for plan in plans for host in plan.hosts}


def _host(node: Node, planned: HostPlan | None, live: Account) -> LiveStatus:
    droplets = _droplets(node, planned, live)
    if not droplets:
        return LiveStatus("bad", "no such droplet")
    if len(droplets) > 1:
        ids = tuple(f"droplet {droplet.id} at {_address(droplet)}" for droplet in droplets)
        return LiveStatus("unknown", f"{len(droplets)} droplets may be meant", ids)
    (droplet,) = droplets
    words = f"{droplet.status}, {_address(droplet)}"
    differs = tuple(_drift(planned, droplet)) if planned else ()
    if droplet.status != "active":
        return LiveStatus("bad", words, differs)
    return LiveStatus("drift" if differs else "good", words, differs)


def _droplets(node: Node, planned: HostPlan | None, live: Account) -> list[LiveDroplet]:
    """Return the droplets a host may be: the adopted id, else its name or its mesh address."""
    if planned and planned.adopt:
        return [droplet for droplet in live.droplets if droplet.id == planned.adopt]
    same_name = [droplet for droplet in live.droplets if droplet.name == node.name]
    return same_name or [droplet for droplet in live.droplets if node.address in droplet.addresses]


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


def _cluster(node: Node, live: Account | None) -> LiveStatus:
    if live is None:
        return UNKNOWN
    if node.name not in live.databases:
        return LiveStatus("bad", "no such cluster")
    return LiveStatus("good", plural(len(live.databases[node.name]), "database"))


def _database(node: Node, live: Account | None) -> LiveStatus:
    names = live.databases.get(node.host or "") if live else None
    if names is None:
        return UNKNOWN
    here = node.name in names
    return LiveStatus("good", "present") if here else LiveStatus("bad", "not there")


def _pool(slots: Sequence[Slot], now: float) -> LiveStatus:
    if not slots:
        return LiveStatus("good", "empty")
    count = plural(len(slots), "slot")
    notes = tuple(_slot_note(slot, now) for slot in slots)
    return LiveStatus(
        "good", f"{count}, {_cost_so_far([slot.droplet for slot in slots], now)}", notes
    )


def _slot_note(slot: Slot, now: float) -> str:
    droplet, age = slot.droplet, slot.age(now)
    so_far = "age unknown" if age is None else f"{age / 3600:.1f} h, {_cost_so_far([droplet], now)}"
    return f"{slot.id}: {droplet.size} in {droplet.region}, {droplet.status}, {so_far}"


def _cost_so_far(droplets: Sequence[LiveDroplet], now: float) -> str:
    """Write what droplets have cost, in USD; a part that has no price is said."""
    costs = [cost_of(droplet, now) for droplet in droplets]
    known = [cost for cost in costs if cost is not None]
    if not known:
        return "cost unknown"
    return f"${sum(known):.2f} so far" + ("" if len(known) == len(costs) else ", partly unknown")


_OURS: Final = ("infra-apply", "env:", "project:", "db:")
_ANSWERS: Final[Mapping[Answer, LiveStatus]] = {
    "answers": LiveStatus("good", "answers"),
    "refused": LiveStatus("bad", "refuses connections"),
    # This machine may simply not be on the mesh.
    "silent": LiveStatus("unknown", "no answer from here"),
    "unknown": LiveStatus("unknown", "cannot be asked from here"),
    "elsewhere": LiveStatus("unknown", "not asked, at no address of the mesh"),
}
