"""Whom a `depends_on` entry means, and which instances depend on each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from infra_apply import naming
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest

Edge = tuple[Manifest, Manifest]
"""A dependent, and the dependency it names."""


def target(fleet: Fleet, dependent: Manifest, name: str) -> Manifest | None:
    """Return the instance an entry means: the same environment's, or prod's for a dev dependent.

    None for an external service, and for a project that has no manifest or only a dev one.
    """
    same = fleet.by_instance.get((name, dependent.environment))
    return same or fleet.by_instance.get((name, "prod"))


def edges(fleet: Fleet) -> Iterator[Edge]:
    """Yield each (dependent, dependency) pair of instances once, sorted by dependent.

    Every manifest of an instance that is declared twice is a dependent; only the first is a
    dependency. An instance that names itself is no pair.
    """
    for dependent in fleet.manifests:
        for name in sorted(set(dependent.depends_on)):
            dependency = target(fleet, dependent, name)
            if dependency and dependency.instance != dependent.instance:
                yield dependent, dependency


def circles(fleet: Fleet) -> Iterator[tuple[Edge, ...]]:
    """Yield one whole way round for each group of instances that depend on each other.

    It is a shortest way from the group's first instance by name, and the same whatever the order
    of the files.
    """
    by_ends: dict[tuple[_Node, _Node], Edge] = {}
    neighbours: dict[_Node, list[_Node]] = {}
    for dependent, dependency in edges(fleet):
        ends = (_node(dependent), _node(dependency))
        if ends not in by_ends:
            by_ends[ends] = (dependent, dependency)
            neighbours.setdefault(ends[0], []).append(ends[1])
    for group in _connected(neighbours):
        way = _shortest_circle(group, neighbours)
        yield tuple(by_ends[ends] for ends in pairwise(way))


_Node = tuple[str, str]
"""An instance: its name, which decides the order, and its project, which `shop-dev` leaves open."""


def _node(manifest: Manifest) -> _Node:
    return (naming.instance(*manifest.instance), manifest.project)


def _connected(  # noqa: C901 - one algorithm, and no recursion that a long chain could exhaust
    neighbours: Mapping[_Node, Sequence[_Node]],
) -> Iterator[frozenset[_Node]]:
    """Yield the strongly connected groups of two and more (Tarjan's algorithm, without calls)."""
    order: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    open_: dict[_Node, None] = {}  # in the order they were met
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


def _shortest_circle(
    group: frozenset[_Node], neighbours: Mapping[_Node, Sequence[_Node]]
) -> list[_Node]:
    """Return a shortest way from the group's first node round to itself, both ends named."""
    start = min(group)
    came_from: dict[_Node, _Node] = {}
    queue = [start]
    for node in queue:  # grows while it is walked: the nearest first
        for other in neighbours.get(node, ()):
            if other == start:
                way = [start, node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if other in group and other not in came_from:
                came_from[other] = node
                queue.append(other)
    raise AssertionError("every node of a strongly connected group lies on a circle")
