"""How far a run is."""

from __future__ import annotations

import io

from infra_apply.engine.events import EngineMessage, Event, Phase, Step, Summary
from infra_apply.engine.progress import Progress
from infra_apply.terminal.layout import StatusLine


def done(name: str, kind: str = "t:Host") -> Step:
    return Step("create", f"urn::{name}", kind, name, status="done")


def test_resources_are_counted_against_what_the_plan_found() -> None:
    now = 0.0
    stream = io.StringIO()
    progress = Progress(StatusLine(stream, lambda: now, between=0), "applying")
    events: list[Event] = [
        Phase(1),
        done("a"),
        Summary({"create": 2, "same": 1}),
        Phase(2),
        done("provider", "pulumi:providers:digitalocean"),
        EngineMessage("info", "hello", ""),
        Step("create", "urn::b", "t:Host", "b"),
        done("a"),
        done("a"),
        done("b"),
    ]
    for now, event in enumerate(events):  # noqa: B007 - the clock reads it
        progress.event(event)
    progress.end()
    assert stream.getvalue().splitlines() == [
        "applying (0 s)",
        "applying: 0 resources done (0 s)",
        "applying: 1 resources done (1 s)",
        "applying: 1 resources done (2 s)",
        "applying: 0 of 3 resources done (3 s)",
        "applying: 1 of 3 resources done (7 s)",
        "applying: 1 of 3 resources done (8 s)",
        "applying: 2 of 3 resources done (9 s)",
    ]


def test_time_passes_without_events() -> None:
    now = 0.0
    stream = io.StringIO()
    progress = Progress(StatusLine(stream, lambda: now), "applying")
    now = 16.0
    progress.tick()
    assert stream.getvalue() == "applying (0 s)\napplying (16 s)\n"
