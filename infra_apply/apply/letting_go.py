"""What is retired: what goes with it, what stays and bills, and what counts as a deletion. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra_apply.apply.removals import Removals
from infra_apply.apply.snapshots import LastSnapshot, snapshot_text
from infra_apply.digitalocean.model import LiveDroplet, Size
from infra_apply.engine.events import Step
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.state import DATABASE, DROPLET, GRANTS, HOST, LOGICAL_DATABASE, USER


@dataclass(frozen=True, slots=True)
class LettingGo:
    """What of a stack is retired and not gone yet, and what the account tells of it.

    With `in_two_runs` some of it is still protected: the next run lifts that, and the one after it
    lets go. `droplets` are by their ids as text, `snapshots` by the same, and `backups` has the
    time of the newest one of each cluster that a database goes from, None without one.
    """

    retirements: tuple[Retirement, ...] = ()
    in_two_runs: bool = False
    droplets: Mapping[str, LiveDroplet] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=dict)
    snapshots: Mapping[str, LastSnapshot] = field(default_factory=dict)
    backups: Mapping[str, float | None] = field(default_factory=dict)

    def asks_for(self, step: Step) -> bool:
        """Whether a step is a deletion that is retired: what is kept may only be forgotten."""
        if step.op != "delete":
            return False
        for retirement in self.retirements:
            ids = {held.urn: held.id for held in retirement.children}
            if step.urn == retirement.component.urn or ids.get(step.urn) == step.id:
                return retirement.fate == "destroy" or step.retain or not step.custom
        return False


def counted(removed: Removals, letting_go: LettingGo) -> Removals:
    """Return what of a preview's removals must be allowed, and what a second run will delete.

    A host that is retired needs no leave beyond that, and neither does what only is forgotten. A
    database, a user or a pool's firewall that is to be destroyed counts, as soon as it is known.
    """
    return replace(
        removed,
        deletes=(
            *(step for step in removed.deletes if not letting_go.asks_for(step)),
            *_deletions(letting_go),
        ),
        forgets=tuple(step for step in removed.forgets if not letting_go.asks_for(step)),
    )


def backup_lines(letting_go: LettingGo) -> Iterator[str]:
    """Yield a line for each cluster that a database goes from: its newest backup."""
    for cluster in letting_go.backups:
        yield _backup(cluster, letting_go)


def letting_go_lines(letting_go: LettingGo) -> Iterator[str]:
    """Yield what will be gone and what stays, to be agreed to."""
    if not letting_go.retirements:
        return
    if not letting_go.in_two_runs:
        yield "retired, and let go of now:"
    else:
        yield "retired; this lifts the protection, then applies once more by itself, letting go of:"
    for retirement in letting_go.retirements:
        yield from (f"  {line}" for line in _lines(retirement, letting_go))


def _deletions(letting_go: LettingGo) -> Iterator[Step]:
    for retirement in letting_go.retirements:
        if retirement.fate == "destroy" and retirement.component.type != HOST:
            for child in retirement.children:
                if child.type == GRANTS:  # nothing is deleted with them
                    continue
                yield Step("delete", child.urn, child.type, child.name, id=child.id, custom=True)


def _lines(retirement: Retirement, letting_go: LettingGo) -> Iterator[str]:
    name, stays = retirement.component.name, retirement.fate == "keep"
    if retirement.component.type == HOST:
        yield from _host_lines(retirement, letting_go)
    elif retirement.component.type == DATABASE:
        yield f"{name}: {_database(retirement, letting_go)}"
    else:
        yield f"{name}: its firewall {'stays' if stays else 'is deleted'}"


def _database(retirement: Retirement, letting_go: LettingGo) -> str:
    cluster = cluster_of(retirement)
    where = f"{_members(retirement)} on {cluster}" if cluster else _members(retirement)
    if retirement.fate == "keep":
        return f"{where} stays"
    backup = f"; {_backup(cluster, letting_go)}" if cluster in letting_go.backups else ""
    return f"{where} is deleted{backup}"


def _backup(cluster: str, letting_go: LettingGo) -> str:
    made_at = letting_go.backups[cluster]
    if made_at is None:
        return f"{cluster} has no backup"
    made = datetime.fromtimestamp(made_at, UTC)
    return f"the newest backup of {cluster} is of {made:%Y-%m-%d %H:%M} UTC"


def _host_lines(retirement: Retirement, letting_go: LettingGo) -> Iterator[str]:
    name, stays = retirement.component.name, retirement.fate == "keep"
    for child in retirement.children:
        if child.type != DROPLET:
            yield f"{name}: its firewall {'stays' if stays else 'is deleted'}"
            continue
        droplet = letting_go.droplets.get(child.id)
        if droplet is None:
            yield f"{name}: its droplet {child.id} is not in the account any more"
            continue
        address = f" at {droplet.addresses[0]}" if droplet.addresses else ""
        if stays:
            yield f"{name}: droplet {child.id}{address} stays, {_bill(droplet, letting_go)}"
            continue
        snapshot = letting_go.snapshots.get(child.id)
        kept = snapshot_text(snapshot) if snapshot else "no snapshot of it is taken"
        yield f"{name}: droplet {child.id}{address} is destroyed with its disk; {kept}"


def _bill(droplet: LiveDroplet, letting_go: LettingGo) -> str:
    size = letting_go.sizes.get(droplet.size)
    price = f"${size.monthly:,.2f} a month" if size and size.monthly else "at an unknown price"
    return f"and bills {price} ({droplet.size}); nothing here knows it any more"


def _members(retirement: Retirement) -> str:
    """Name a database and its user as the cluster calls them."""
    words = {LOGICAL_DATABASE: "database", USER: "user"}
    named = [
        f"{words[child.type]} {child.inputs.get('name') or child.name}"
        for child in sorted(retirement.children, key=lambda child: child.type)
        if child.type in words
    ]
    return " with ".join(named)


def cluster_of(retirement: Retirement) -> str:
    """Return the name of a retired database's cluster; empty where the state does not say it."""
    component = retirement.component
    return str(component.inputs.get("cluster") or component.outputs.get("cluster") or "")
