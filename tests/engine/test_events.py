"""The engine's events, folded into steps."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

from infra_apply.engine.events import EngineMessage, Phase, Record, Summary, plain

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


def said(severity: str, message: str, **more: Any) -> EngineEvent:
    return event(diagnosticEvent={"severity": severity, "message": message, **more})


def record(*events: EngineEvent) -> Record:
    made = Record()
    for each in events:
        made.add(each)
    return made


def test_a_step_has_both_inputs_the_diff_and_its_place() -> None:
    (made,) = record(step("update")).steps
    assert (made.op, made.name, made.parent_urn, made.id) == ("update", "lime", "p", "1")
    assert made.inputs == {"size": "b", "key": "[secret]"}
    assert made.old_inputs == {"size": "a", "key": "[secret]"}
    assert made.detailed_diff == {"size": "update"}
    assert (made.provider, made.changed, made.status) == ("prov", ("size",), "started")


def test_a_name_with_colons_stays_whole() -> None:
    (made,) = record(step("create", urn="urn:pulumi:dev::tiny::t::a::b")).steps
    assert made.name == "a::b"


def test_the_parts_of_a_replacement_are_one_step() -> None:
    (made,) = record(
        step("create-replacement"),
        step("create-replacement", "resOutputsEvent", id="2"),
        step("replace"),
        step("delete-replaced"),
        step("delete-replaced", "resOutputsEvent"),
    ).steps
    assert (made.op, made.status, made.detailed_diff) == ("replace", "done", {"size": "update"})


def test_a_refresh_does_not_hide_what_follows_it() -> None:
    (made,) = record(step("refresh"), step("update"), step("refresh", "resOutputsEvent")).steps
    assert made.op == "update"


def test_a_failed_step_is_failed() -> None:
    (made,) = record(step("create"), step("create", "resOpFailedEvent")).steps
    assert made.status == "failed"


def test_a_component_is_done_when_it_starts() -> None:
    (made,) = record(step("create", custom=False)).steps
    assert made.status == "done"


def test_a_new_phase_starts_afresh() -> None:
    made = Record()
    begin = event(preludeEvent={"config": {}})
    assert made.add(begin) == Phase(1)
    made.add(step("create"))
    made.add(said("info", "planned"))
    assert made.add(event(summaryEvent={"resourceChanges": {"create": 1}})) == Summary(
        {"create": 1}
    )
    assert made.add(begin) == Phase(2)
    assert (made.steps, made.messages, made.changes) == ((), (), {})


def test_debug_ephemeral_and_empty_messages_are_left_out_and_colours_stripped() -> None:
    made = record(
        said("debug", "noise"),
        said("info", "line that passes", ephemeral=True),
        said("info#err", "\n"),
        said("error", "<{%fg 1%}>no<{%reset%}>\n", urn=URN),
    )
    assert made.messages == (EngineMessage("error", "no", URN),)


def test_text_that_only_looks_like_colour_stays() -> None:
    assert plain("<{%reset%}>a <{b}> {%c%}") == "a <{b}> {%c%}"
