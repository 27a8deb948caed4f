"""The fleet as a graph: what there is, what each part needs, and what breaks without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from infra_apply import naming
from infra_apply.diagnostics import redact
from infra_apply.fleet.dependencies import target
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.urls import url
from infra_apply.inputs.manifest import Environment, Manifest, Provider

Kind = Literal["host", "service", "database", "cluster", "pool", "external"]
Relation = Literal["depends_on", "runs_on", "stores_in"]


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One part of the fleet; facts that are absent or do not apply are None.

    `id` is unique and stable: `host:<name>`, `service:<environment>/<project>`,
    `pool:<environment>/<project>`, `cluster:<name>`, `database:<cluster>/<name>` and
    `external:<name>`. Every instance is a service, with or without a `service` of its own.
    `lane` is who runs it. `known` is False for what is only spoken of: a host the mesh lacks, a
    dependency nobody declares.
    """

    id: str
    kind: Kind
    name: str
    project: str | None = None
    environment: Environment | None = None
    lane: Provider | None = None
    host: str | None = None
    address: str | None = None
    port: int | None = None
    url: str | None = None
    runtime: str | None = None
    systemd_unit: str | None = None
    detail: str | None = None
    manifest: str | None = None
    known: bool = True

    @property
    def serves(self) -> bool:
        """Whether it is a service that its manifest declares, not only an instance's name."""
        return self.kind == "service" and self.detail is None


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`source` needs `target`: without the target it does not work."""

    source: str
    target: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Affected:
    """A part that is affected, by way of which need, and how many steps from what goes away."""

    node: Node
    through: Edge
    steps: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, sorted; every edge's ends are nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    by_id: Mapping[str, Node] = field(init=False, compare=False, repr=False)
    needs: Mapping[str, tuple[Edge, ...]] = field(init=False, compare=False, repr=False)
    needed_by: Mapping[str, tuple[Edge, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {node.id: node for node in self.nodes})
        object.__setattr__(self, "needs", _grouped((edge.source, edge) for edge in self.edges))
        object.__setattr__(self, "needed_by", _grouped((edge.target, edge) for edge in self.edges))

    def of(self, kind: Kind) -> Iterator[Node]:
        """Yield the nodes of one kind."""
        return (node for node in self.nodes if node.kind == kind)


def build_graph(fleet: Fleet) -> Graph:
    """Return the fleet as a graph. The order of its files does not matter; it may have errors."""
    manifests = list(fleet.by_instance.values())
    nodes = [*_hosts(fleet, manifests), *(_service(fleet, manifest) for manifest in manifests)]
    nodes += _stores(manifests)
    nodes += (_pool(manifest) for manifest in manifests if manifest.gpu)
    edges = [edge for manifest in manifests for edge in _edges(fleet, manifest)]
    nodes += _externals(fleet, {edge.target for edge in edges})
    edges += (
        Edge(node.id, cluster_id(node.host or ""), "stores_in")
        for node in nodes
        if node.kind == "database"
    )
    by_id = {node.id: node for node in reversed(nodes)}
    return Graph(tuple(sorted(by_id.values(), key=lambda node: node.id)), tuple(sorted(set(edges))))


def impact(graph: Graph, gone: Iterable[str]) -> tuple[Affected, ...]:
    """Return who is affected if the nodes with these ids go away, nearest first, each once."""
    reached = dict.fromkeys(gone)
    frontier = sorted(reached)
    affected: list[Affected] = []
    steps = 0
    while frontier:
        steps += 1
        following = []
        for edge in (edge for id_ in frontier for edge in graph.needed_by.get(id_, ())):
            if edge.source not in reached:
                reached[edge.source] = None
                following.append(edge.source)
                affected.append(Affected(graph.by_id[edge.source], edge, steps))
        frontier = sorted(following)
    return tuple(sorted(affected, key=lambda part: (part.steps, part.node.kind, part.node.id)))


def find_nodes(graph: Graph, name: str) -> tuple[Node, ...]:
    """Return the nodes a person means by an id, `<kind>:<name>`, `project:<name>` or a name.

    A plain name means hosts, services and clusters before it means what else is called so: a
    project's database often has its name. A project means its services in every environment.
    """
    exact = [node for node in graph.nodes if name in {node.id, f"{node.kind}:{node.name}"}]
    project = name.removeprefix("project:")
    first = [
        node
        for node in graph.nodes
        if (node.kind == "service" and node.project == project)
        or (node.kind in {"host", "service", "cluster"} and node.name == name)
    ]
    return tuple(exact or first or [node for node in graph.nodes if node.name == name])


def node_names(graph: Graph) -> frozenset[str]:
    """Return every name `find_nodes` finds something for, ids left out."""
    projects = {node.project for node in graph.nodes if node.project}
    return frozenset({node.name for node in graph.nodes} | projects)


def host_id(name: str) -> str:
    """Return the id of a host's node."""
    return f"host:{name}"


def cluster_id(name: str) -> str:
    """Return the id of a cluster's node."""
    return f"cluster:{name}"


def service_id(project: str, environment: str) -> str:
    """Return the id of an instance's node."""
    return f"service:{environment}/{project}"


def pool_id(project: str, environment: str) -> str:
    """Return the id of an instance's GPU pool."""
    return f"pool:{environment}/{project}"


def _hosts(fleet: Fleet, manifests: Sequence[Manifest]) -> Iterator[Node]:
    """Yield the mesh's hosts, and those a service runs on that the mesh does not know."""
    known = fleet.mesh.hosts if fleet.mesh else {}
    lanes: dict[str, Provider] = {}
    own = set()
    for manifest in manifests:
        if name := machine(manifest):
            lanes.setdefault(name, manifest.provider)
            if manifest.service and manifest.service.host is None:
                own.add(name)
    for name in sorted(known.keys() | lanes.keys()):
        host = known.get(name)
        yield Node(
            host_id(name),
            "host",
            name,
            lane=(host.kind if host else None) or lanes.get(name),
            address=host.address if host else None,
            known=host is not None or name in own,
        )


def _service(fleet: Fleet, manifest: Manifest) -> Node:
    service = manifest.service
    return Node(
        service_id(*manifest.instance),
        "service",
        naming.instance(*manifest.instance),
        project=manifest.project,
        environment=manifest.environment,
        lane=manifest.provider,
        host=machine(manifest),
        port=service.port if service else None,
        url=url(fleet, manifest),
        runtime=service.runtime if service else None,
        systemd_unit=service.systemd_unit if service else None,
        detail=None if service else "declares no service",
        manifest=manifest.path or None,
    )


def _stores(manifests: Sequence[Manifest]) -> Iterator[Node]:
    for manifest in manifests:
        if store := manifest.database:
            yield Node(cluster_id(store.cluster), "cluster", store.cluster)
            yield Node(
                _database_id(manifest),
                "database",
                store.name,
                environment=manifest.environment,
                host=store.cluster,
                detail=f"user {store.user}",
                manifest=manifest.path or None,
            )


def _pool(manifest: Manifest) -> Node:
    return Node(
        pool_id(*manifest.instance),
        "pool",
        f"{naming.instance(*manifest.instance)}-gpu",
        project=manifest.project,
        environment=manifest.environment,
        detail=manifest.gpu.droplet if manifest.gpu else None,
        manifest=manifest.path or None,
    )


def _database_id(manifest: Manifest) -> str:
    database = manifest.database
    return f"database:{database.cluster}/{database.name}" if database else ""


def _edges(fleet: Fleet, manifest: Manifest) -> Iterator[Edge]:
    here = service_id(*manifest.instance)
    if host := machine(manifest):
        yield Edge(here, host_id(host), "runs_on")
    if manifest.gpu:
        yield Edge(here, pool_id(*manifest.instance), "runs_on")
    if manifest.database:
        yield Edge(here, _database_id(manifest), "stores_in")
    for name in manifest.depends_on:
        dependency = None if name in fleet.externals else target(fleet, manifest, name)
        if dependency is not manifest:
            there = service_id(*dependency.instance) if dependency else f"external:{name}"
            yield Edge(here, there, "depends_on")


def _externals(fleet: Fleet, spoken_of: Iterable[str]) -> Iterator[Node]:
    """Yield what settings call external, what is quarantined, and dependencies nobody declares."""
    for name in sorted(fleet.externals):
        urls = {
            settings.stack: settings.external[name]
            for settings in fleet.stacks
            if name in settings.external
        }
        yield Node(f"external:{name}", "external", name, detail=_shown(urls) or None)
    quarantined = sorted(fleet.quarantined - fleet.externals.keys())
    for name in quarantined:
        detail = "quarantined: its manifests are not read"
        yield Node(f"external:{name}", "external", name, detail=detail)
    for id_ in sorted(spoken_of):
        kind, _, name = id_.partition(":")
        if kind == "external" and name not in {*fleet.externals, *quarantined}:
            yield Node(id_, "external", name, detail="nobody declares it", known=False)


def _shown(urls: Mapping[str, str]) -> str:
    """Name an external service's URLs by stack; one that holds a password is not shown."""
    texts = {
        stack: "(not shown)" if redact.shaped_like_secret(text) else text
        for stack, text in urls.items()
    }
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{text} ({stack})" for stack, text in texts.items())


def _grouped(pairs: Iterable[tuple[str, Edge]]) -> dict[str, tuple[Edge, ...]]:
    groups: dict[str, list[Edge]] = {}
    for key, edge in pairs:
        groups.setdefault(key, []).append(edge)
    return {key: tuple(edges) for key, edges in groups.items()}
