"""A picture as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra_apply.map.graph import Affected, Graph, Node
from infra_apply.map.live_status import LiveStatus, Mark
from infra_apply.map.model import LANES, Picture, summary
from infra_apply.terminal.layout import plural
from infra_apply.terminal.safe_text import Colour, painted, printable


def tree(picture: Picture, *, colour: bool = False) -> Iterator[str]:
    """Yield the lines: lanes, their hosts and services, then stores, pools and what is outside."""
    pen = _Pen(picture, colour)
    looked = f", as of {picture.as_of}" if picture.as_of else ""
    yield f"{printable(picture.name)}: {', '.join(summary(picture))}{looked}"
    for lane, title in LANES.items():
        yield from _lane(pen, [n for n in picture.graph.nodes if n.lane == lane], title)
    yield from _databases(pen)
    yield from _section(pen, "pool", "GPU pools, empty until work waits")
    yield from _section(pen, "external", "Outside")
    if picture.strays:
        yield ""
        yield "GPU slots of pools nobody declares"
        for stray in picture.strays:
            yield printable(f"  {stray.droplet}  {stray.pool}  {stray.cost}")


def impact_lines(graph: Graph, gone: Sequence[Node], affected: Iterable[Affected]) -> Iterator[str]:
    """Yield who is affected if some nodes go away, and through what."""
    rows = list(affected)
    what = printable(" and ".join(f"{node.kind} {node.name}" for node in gone))
    what += " goes away" if len(gone) == 1 else " go away"
    if not rows:
        yield f"if {what}, nothing else is affected"
        return
    services = sum(row.node.serves for row in rows)
    others = len(rows) - services
    also = f" and {plural(others, 'other part')}" if others else ""
    ending = "s" if len(rows) == 1 else ""
    yield f"if {what}, {plural(services, 'service')}{also} no longer work{ending}"
    width = max(len(row.node.name) for row in rows)
    for row in rows:
        node, need = row.node, row.through
        via = f"{_RELATIONS[need.relation]} {graph.by_id[need.target].name}"
        host = f" on {node.host}" if node.kind == "service" and node.host else ""
        yield printable(f"{'  ' * row.steps}{node.name:{width}}  {node.kind}{host}, {via}")


@dataclass(frozen=True, slots=True)
class _Pen:
    picture: Picture
    colour: bool


def _lane(pen: _Pen, nodes: Sequence[Node], title: str) -> Iterator[str]:
    hosts = [node for node in nodes if node.kind == "host"]
    homeless = [node for node in nodes if node.kind == "service" and node.host is None]
    if not hosts and not homeless:
        return
    yield ""
    yield title
    for host in hosts:
        facts = [host.address or "" if host.known else "not in the mesh"]
        yield _line(pen, host, 1, host.name, facts)
        edges = pen.picture.graph.needed_by.get(host.id, ())
        yield from _services(pen, [pen.picture.graph.by_id[edge.source] for edge in edges])
    if homeless:
        yield "  (no host named)"
        yield from _services(pen, homeless)


def _services(pen: _Pen, nodes: Sequence[Node]) -> Iterator[str]:
    width = max((len(node.name) for node in nodes), default=0)
    for node in sorted(nodes, key=lambda node: (node.name, node.id)):
        port = f":{node.port}" if node.port is not None else ""
        facts = [f"{port:6}", _needs(pen.picture.graph, node), _mistakes(pen.picture, node)]
        yield _line(pen, node, 2, f"{node.name:{width}}", facts)


def _needs(graph: Graph, node: Node) -> str:
    ends = [(edge.relation, graph.by_id[edge.target]) for edge in graph.needs.get(node.id, ())]
    called = ", ".join(end.name for relation, end in ends if relation == "depends_on")
    stored = [f"{end.host}/{end.name}" for relation, end in ends if relation == "stores_in"]
    parts = [f"needs {called}"] if called else []
    return "; ".join([*parts, *(f"stores in {store}" for store in stored)])


def _mistakes(picture: Picture, node: Node) -> str:
    findings = picture.findings_of(node)
    return f"({plural(len(findings), 'finding')})" if findings else ""


def _databases(pen: _Pen) -> Iterator[str]:
    clusters = list(pen.picture.graph.of("cluster"))
    if clusters:
        yield ""
        yield "Databases, on shared clusters"
    for cluster in clusters:
        yield _line(pen, cluster, 1, cluster.name, [])
        edges = pen.picture.graph.needed_by.get(cluster.id, ())
        stores = [pen.picture.graph.by_id[edge.source] for edge in edges]
        width = max((len(node.name) for node in stores), default=0)
        for node in stores:
            facts = [node.detail or "", _used_by(pen.picture.graph, node)]
            yield _line(pen, node, 2, f"{node.name:{width}}", facts)


def _section(pen: _Pen, kind: str, title: str) -> Iterator[str]:
    nodes = [node for node in pen.picture.graph.nodes if node.kind == kind]
    if nodes:
        yield ""
        yield title
    width = max((len(node.name) for node in nodes), default=0)
    for node in nodes:
        facts = [node.detail or "", _used_by(pen.picture.graph, node)]
        yield _line(pen, node, 1, f"{node.name:{width}}", facts)


def _used_by(graph: Graph, node: Node) -> str:
    users = sorted(graph.by_id[edge.source].name for edge in graph.needed_by.get(node.id, ()))
    return f"for {', '.join(users)}" if users else "for nobody"


def _line(pen: _Pen, node: Node, level: int, name: str, facts: Sequence[str]) -> str:
    status = pen.picture.live_status(node)
    status_texts = [_status_text(status, colour=pen.colour)] if status else []
    texts = [printable(name), *status_texts, *map(printable, facts)]
    words = "  ".join(text for text in texts if text.strip())
    line = f"{'  ' * level}{words}".rstrip()
    notes = status.notes if status else ()
    return "\n".join([line, *(f"{'  ' * (level + 2)}- {printable(note)}" for note in notes)])


def _status_text(status: LiveStatus, *, colour: bool) -> str:
    text = f"[{_MARKS[status.mark]} {printable(status.words)}]"
    return painted(text, _COLOURS[status.mark], enabled=colour)


_MARKS: Final[Mapping[Mark, str]] = {"good": "ok", "drift": "~", "bad": "!", "unknown": "?"}
_RELATIONS: Final = {
    "depends_on": "needs",
    "runs_on": "runs on",
    "stores_in": "stores in",
}
_COLOURS: Final[Mapping[Mark, Colour]] = {
    "good": "green",
    "drift": "yellow",
    "bad": "bold red",
    "unknown": "dim",
}
