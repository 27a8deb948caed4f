"""A picture as a Mermaid flowchart, for a README or a merge request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from infra_apply.map.graph import Graph, Kind, Node
from infra_apply.terminal.safe_text import printable


def mermaid(graph: Graph) -> Iterator[str]:
    """Yield the lines: hosts and clusters as boxes around what they carry, needs as arrows.

    Every part has a number for an id: names may hold what Mermaid reads as its own.
    """
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    yield "flowchart LR"
    inside = set()
    for box in (*graph.of("host"), *graph.of("cluster")):
        edges = graph.needed_by.get(box.id, ())
        carried = [graph.by_id[edge.source] for edge in edges]
        inside |= {node.id for node in carried}
        yield from _box(box, carried, ids)
    boxes = {"host", "cluster"}
    for node in graph.nodes:
        if node.kind not in boxes and node.id not in inside:
            yield f"  {_shape(node, ids)}"
    for edge in graph.edges:
        if graph.by_id[edge.target].kind not in boxes:
            arrow = _ARROWS[edge.relation]
            yield f"  {ids[edge.source]} {arrow} {ids[edge.target]}"


def _box(box: Node, carried: Sequence[Node], ids: dict[str, str]) -> Iterator[str]:
    if not carried:
        yield f"  {_shape(box, ids)}"
        return
    yield f"  subgraph {ids[box.id]}[{_text(box)}]"
    for node in carried:
        yield f"    {_shape(node, ids)}"
    yield "  end"


def _shape(node: Node, ids: dict[str, str]) -> str:
    before, after = _SHAPES.get(node.kind, ("[", "]"))
    return f"{ids[node.id]}{before}{_text(node)}{after}"


def _text(node: Node) -> str:
    port = f" :{node.port}" if node.port is not None else ""
    # Mermaid's own escapes: `#quot;`, and `#35;` for the number sign that begins one.
    name = "".join(_ESCAPES.get(letter, letter) for letter in f"{node.name}{port}")
    return f'"{printable(name)}"'


_ARROWS: Final = {"depends_on": "-->", "runs_on": "-.->", "stores_in": "==>"}
_SHAPES: Final[dict[Kind, tuple[str, str]]] = {
    "database": ("[(", ")]"),
    "pool": ("{{", "}}"),
    "external": ("([", "])"),
}
_ESCAPES: Final = {
    '"': "#quot;",
    "#": "#35;",
    "<": "#lt;",
    ">": "#gt;",
    "`": "#96;",
    "\n": " ",
    "\r": " ",
}
