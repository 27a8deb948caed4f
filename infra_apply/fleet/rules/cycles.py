"""http_coupling: services that wait for each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.fleet.dependencies import circles
from infra_apply.fleet.model import Fleet


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report one whole path for each group of instances that depend on each other."""
    for circle in circles(fleet):
        first, called = circle[0]
        place = first.value("depends_on", first.depends_on.index(called.project))
        path = [naming.instance(*dependent.instance) for dependent, _ in (*circle, circle[0])]
        message = "services depend on each other in a circle: " + " -> ".join(path)
        hint = "none of them can be started or changed alone; let one be called instead of calling"
        yield Diagnostic("IA307", place, message, hint)
