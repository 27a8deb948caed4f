"""The engine's events, folded into steps."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

from infra_apply.engine.events import (
    EngineMessage,
    EventCollector,
    Phase,
    Summary,
    without_colour_codes,
)

URN = "urn:pulumi:dev::tiny::infra-apply:index:Host$digitalocean:index/droplet:Droplet::lime"


def event(**body: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **body})


def step(op: str, kind: str = "resourcePreEvent", urn: str = URN, **state: Any) -> EngineEvent:
    common = {"type": "t", "urn": urn, "id": "", "parent": "p", "provider": "", "custom": True}
    metadata = {
        "op": op,
        "urn": urn,
        "type": "digitalocean:index/droplet:Droplet",
        "provider": "prov",
        "old": {**common, "id": "1", "inputs": {"size": "a", "key": "[secret]"}},
        "new": {**common, "inputs": {"size": "b", "key": "[secret]"}, **state},
        "diffs": ["size"],
        "detailedDiff": {"size": {"diffKind": "update", "inputDiff": True}},
    }
    return event(**{kind: {"metadata": metadata}})


def diagnostic(severity: str, message: str, **fields: Any) -> EngineEvent:
    return event(diagnosticEvent={"severity": severity, "message": message, **fields})


def collected(*events: EngineEvent) -> EventCollector:
    collector = EventCollector()
    for engine_event in events:
        collector.add(engine_event)
    return collector


def test_a_step_has_both_inputs_the_diff_and_its_parent() -> None:
    (folded,) = collected(step("update")).steps
    assert (folded.op, folded.name, folded.parent_urn, folded.id) == ("update", "lime", "p", "1")
    assert folded.inputs == {"size": "b", "key": "[secret]"}
    assert folded.old_inputs == {"size": "a", "key": "[secret]"}
    assert folded.detailed_diff == {"size": "update"}
    assert (folded.provider, folded.changed, folded.status) == ("prov", ("size",), "started")


def test_a_name_with_colons_stays_whole() -> None:
    (folded,) = collected(step("create", urn="urn:pulumi:dev::tiny::t::a::b")).steps
    assert folded.name == "a::b"


def test_the_parts_of_a_replacement_are_one_step() -> None:
    (folded,) = collected(
        step("create-replacement"),
        step("create-replacement", "resOutputsEvent", id="2"),
        step("replace"),
        step("delete-replaced"),
        step("delete-replaced", "resOutputsEvent"),
    ).steps
    assert (folded.op, folded.status, folded.detailed_diff) == (
        "replace",
        "done",
        {"size": "update"},
    )


def test_a_refresh_does_not_hide_what_follows_it() -> None:
    (folded,) = collected(step("refresh"), step("update"), step("refresh", "resOutputsEvent")).steps
    assert folded.op == "update"


def test_a_failed_step_is_failed() -> None:
    (folded,) = collected(step("create"), step("create", "resOpFailedEvent")).steps
    assert folded.status == "failed"


def test_a_component_is_done_when_it_starts() -> None:
    (folded,) = collected(step("create", custom=False)).steps
    assert folded.status == "done"


def test_a_new_phase_starts_afresh() -> None:
    collector = EventCollector()
    begin = event(preludeEvent={"config": {}})
    assert collector.add(begin) == Phase(1)
    collector.add(step("create"))
    collector.add(diagnostic("info", "planned"))
    assert collector.add(event(summaryEvent={"resourceChanges": {"create": 1}})) == Summary(
        {"create": 1}
    )
    assert collector.add(begin) == Phase(2)
    assert (collector.steps, collector.messages, collector.changes) == ((), (), {})


def test_debug_ephemeral_and_empty_messages_are_left_out_and_colours_stripped() -> None:
    collector = collected(
        diagnostic("debug", "noise"),
        diagnostic("info", "line that passes", ephemeral=True),
        diagnostic("info#err", "\n"),
        diagnostic("error", "<{%fg 1%}>no<{%reset%}>\n", urn=URN),
    )
    assert collector.messages == (EngineMessage("error", "no", URN),)


def test_text_that_only_looks_like_colour_stays() -> None:
    assert without_colour_codes("<{%reset%}>a <{b}> {%c%}") == "a <{b}> {%c%}"
