"""http_coupling: services that wait for each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.fleet.dependencies import edges
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report one whole path for each group of instances that depend on each other."""
    neighbours: dict[str, list[str]] = {}
    by_name: dict[str, Manifest] = {}
    for dependent, dependency in edges(fleet):
        start, end = (naming.instance(*one.instance) for one in (dependent, dependency))
        neighbours.setdefault(start, []).append(end)
        by_name |= {start: dependent, end: dependency}
    for group in _circles(neighbours):
        path = _path(group, neighbours)
        first = by_name[path[0]]
        called = by_name[path[1]].project
        place = first.value("depends_on", first.depends_on.index(called))
        message = "services depend on each other in a circle: " + " -> ".join(path)
        hint = "none of them can be started or changed alone; let one be called instead of calling"
        yield Diagnostic("IA307", place, message, hint)


def _circles(  # noqa: C901 - one algorithm, and no recursion that a long chain could exhaust
    neighbours: Mapping[str, Sequence[str]],
) -> Iterator[frozenset[str]]:
    """Yield the strongly connected groups of two and more (Tarjan's algorithm, without calls)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}  # in the order they were met
    for root in sorted(neighbours):
        if root in order:
            continue
        work = [(root, iter(neighbours[root]))]
        order[root] = low[root] = len(order)
        open_[root] = None
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in order:
                    order[other] = low[other] = len(order)
                    open_[other] = None
                    work.append((other, iter(neighbours.get(other, ()))))
                    break
                if other in open_:
                    low[node] = min(low[node], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    group = {open_.popitem()[0]}
                    while node not in group:
                        group.add(open_.popitem()[0])
                    if len(group) > 1:
                        yield frozenset(group)


def _path(group: frozenset[str], neighbours: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a shortest way round from the group's first name back to itself."""
    start = min(group)
    ways = [[start]]
    for way in ways:
        for other in neighbours.get(way[-1], ()):
            if other == start:
                return [*way, start]
            if other in group and other not in way:
                ways.append([*way, other])
    return [start, start]
