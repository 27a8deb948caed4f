"""A picture as `map --format json` prints it, and as the page holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.report.paths import relative
from infra_apply.map.graph import Affected, Edge, Node
from infra_apply.map.model import Picture


def as_json(picture: Picture) -> dict[str, Any]:
    """Return the picture as JSON values; facts of a node that are absent are left out."""
    return {
        "version": 1,
        "name": picture.name,
        "as_of": picture.as_of,
        "nodes": [_node(picture, node) for node in picture.graph.nodes],
        "edges": [_edge(edge) for edge in picture.graph.edges],
        "findings": [_finding(picture, diagnostic) for diagnostic in picture.findings.diagnostics],
        "not_checked": list(picture.findings.not_checked),
        "strays": [asdict(stray) for stray in picture.strays],
    }


def impact_json(name: str, gone: Iterable[Node], affected: Iterable[Affected]) -> dict[str, Any]:
    """Return who is affected, nearest first."""
    return {
        "version": 1,
        "name": name,
        "gone": [node.id for node in gone],
        "affected": [
            {
                "id": part.node.id,
                "kind": part.node.kind,
                "name": part.node.name,
                "project": part.node.project,
                "environment": part.node.environment,
                "steps": part.steps,
                "through": _edge(part.through),
            }
            for part in affected
        ],
    }


def _node(picture: Picture, node: Node) -> dict[str, Any]:
    facts = {key: value for key, value in asdict(node).items() if value is not None}
    if node.known:
        del facts["known"]
    if node.manifest:
        facts["manifest"] = relative(node.manifest, Path(picture.folder))
    if status := picture.live_status(node):
        facts["standing"] = asdict(status)
    return facts


def _edge(edge: Edge) -> dict[str, str]:
    return {"source": edge.source, "target": edge.target, "relation": edge.relation}


def _finding(picture: Picture, diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code.id,
        "severity": diagnostic.severity,
        "path": relative(diagnostic.place.path, Path(picture.folder)),
        "line": diagnostic.place.line,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }
