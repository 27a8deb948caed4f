"""A resource's outputs before and after the API has spoken, and inputs read back from them."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.checking import DEFAULTS
from infra_apply.rehearsal.plugin.schema import (
    JSON,
    RULES,
    SCALAR,
    UNKNOWN,
    Object,
    Property,
    Resource,
)
from infra_apply.rehearsal.plugin.values import secret


def planned(resource: Resource, inputs: Object, olds: Object | None) -> Object:
    """The outputs as far as the inputs decide them; the rest is unknown, or as it was (`olds`)."""
    return {"id": UNKNOWN if olds is None else olds.get("id")} | {
        prop.name: foreseen(prop, inputs, olds) for prop in resource.properties
    }


def foreseen(prop: Property, inputs: Object, olds: Object | None) -> JSON:
    value = inputs.get(prop.name)
    if not prop.output and value is not None:
        return prop.stored(value)
    if not (prop.output or prop.computed):
        return prop.default
    return UNKNOWN if olds is None else olds.get(prop.name)


def settled(foreseen_outputs: Object, live: Object) -> Object:
    """The outputs after the API has spoken: nothing is unknown any more."""
    both = foreseen_outputs | live
    return {name: None if value == UNKNOWN else value for name, value in both.items()}


def sealed(resource: Resource, outputs: Object) -> Object:
    """The outputs for the engine: only the table's, secret ones marked."""
    shown = {"id": outputs.get("id")}
    for prop in resource.properties:
        value = outputs.get(prop.name)
        shown[prop.name] = secret(value) if prop.secret else value
    return shown


def refreshed_inputs(resource: Resource, inputs: Object, live: Object) -> Object:
    """Inputs after a refresh: those the program gave, with what is live now."""
    kinds = {prop.name: prop for prop in resource.inputs}
    read: Object = {DEFAULTS: inputs[DEFAULTS]} if inputs.get(DEFAULTS) else {}
    for name, old in inputs.items():
        prop = kinds.get(name)
        if prop is None or name == DEFAULTS:
            continue
        if prop.hashed or prop.stored(old) == live.get(name):
            read[name] = bare(old) if prop.kind == RULES else old
        elif live.get(name) is not None:
            # Of a set that changed, the bridge reads no more members than there were.
            read[name] = live[name] if prop.kind == SCALAR else trimmed(live[name])[: len(old)]
    return read


def imported_inputs(resource: Resource, live: Object) -> Object:
    """Inputs of an imported resource: everything live that says something."""
    read: Object = {DEFAULTS: []}
    for prop in resource.inputs:
        value = live.get(prop.name)
        if prop.name == "gracefulShutdown":
            read[prop.name] = None
        elif value and not (prop.filled and value == prop.default) and not prop.hashed:
            read[prop.name] = marked(trimmed(value)) if prop.kind == RULES else value
    return read


def bare(rules: JSON) -> JSON:
    """Rules without the marks of Check."""
    return [{k: v for k, v in rule.items() if k != DEFAULTS} for rule in rules]


def marked(rules: list[Object]) -> list[Object]:
    return [{DEFAULTS: [], **rule} for rule in rules]


def trimmed(items: list[JSON]) -> list[JSON]:
    """Rules without their empty fields; members of other sets as they are."""
    return [
        {k: v for k, v in item.items() if v} if isinstance(item, dict) else item for item in items
    ]
