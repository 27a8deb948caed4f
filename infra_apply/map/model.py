"""What is drawn: the fleet's graph, what was found in its files, and what is real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from infra_apply.diagnostics.model import Diagnostic, Findings
from infra_apply.map.graph import Graph, Node
from infra_apply.map.live_status import LiveStatus, Stray
from infra_apply.terminal.layout import plural


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of one company.

    `live_statuses` is None unless somebody looked; `as_of` then says when (`2026-01-31 12:00 UTC`).
    `folder` shortens the paths that are shown.
    """

    name: str
    graph: Graph
    findings: Findings = field(default_factory=Findings)
    folder: str = ""
    live_statuses: Mapping[str, LiveStatus] | None = None
    strays: tuple[Stray, ...] = ()
    as_of: str | None = None

    def live_status(self, node: Node) -> LiveStatus | None:
        """Return what a node really is, None if nobody looked or nothing can be asked of it."""
        return self.live_statuses.get(node.id) if self.live_statuses is not None else None

    def findings_of(self, node: Node) -> tuple[Diagnostic, ...]:
        """Return what was found in the manifest that declares a node."""
        if node.manifest is None:
            return ()
        return tuple(
            diagnostic
            for diagnostic in self.findings.diagnostics
            if diagnostic.place.path == node.manifest
        )


LANES: Final = {
    "digitalocean": "DigitalOcean",
    "mac": "Macs",
    "bare-metal": "Bare metal",
    "local": "Local",
    None: "Not known where",
}
"""The lanes in the order they are drawn, by provider."""


def summary(picture: Picture) -> Iterator[str]:
    """Yield what there is of each kind."""
    graph = picture.graph
    yield plural(sum(1 for _ in graph.of("host")), "host")
    yield plural(sum(node.serves for node in graph.nodes), "service")
    yield plural(sum(1 for _ in graph.of("database")), "database")
    yield plural(sum(1 for _ in graph.of("pool")), "GPU pool")
