"""A resource's outputs before and after the API has answered, and inputs read from them."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.checking import DEFAULTS
from infra_apply.rehearsal.plugin.schema import RULES, SCALAR, Property, ResourceType
from infra_apply.rehearsal.plugin.values import JSON, UNKNOWN, Object, secret_value


def planned_outputs(resource_type: ResourceType, inputs: Object, olds: Object | None) -> Object:
    """Return the outputs as far as the inputs decide them.

    The rest is unknown, or as it was in `olds` (None on create).
    """
    return {"id": UNKNOWN if olds is None else olds.get("id")} | {
        prop.name: _planned_output(prop, inputs, olds) for prop in resource_type.properties
    }


def _planned_output(prop: Property, inputs: Object, olds: Object | None) -> JSON:
    value = inputs.get(prop.name)
    if not prop.output_only and value is not None:
        return prop.state_value(value)
    if not (prop.output_only or prop.computed):
        return prop.default
    return UNKNOWN if olds is None else olds.get(prop.name)


def final_outputs(planned: Object, live: Object) -> Object:
    """Return the planned outputs with the live ones; what is still unknown becomes null."""
    outputs = planned | live
    return {name: None if value == UNKNOWN else value for name, value in outputs.items()}


def mark_secrets(resource_type: ResourceType, outputs: Object) -> Object:
    """Return the id and the properties of the resource type, with secret ones marked."""
    marked = {"id": outputs.get("id")}
    for prop in resource_type.properties:
        value = outputs.get(prop.name)
        marked[prop.name] = secret_value(value) if prop.secret else value
    return marked


def refreshed_inputs(resource_type: ResourceType, inputs: Object, live: Object) -> Object:
    """Return the inputs after a refresh: those of the program, with their live values."""
    properties = {prop.name: prop for prop in resource_type.inputs}
    read: Object = {DEFAULTS: inputs[DEFAULTS]} if inputs.get(DEFAULTS) else {}
    for name, old in inputs.items():
        prop = properties.get(name)
        if prop is None or name == DEFAULTS:
            continue
        if prop.hashed or prop.state_value(old) == live.get(name):
            read[name] = _without_defaults(old) if prop.kind == RULES else old
        elif live.get(name) is not None:
            # The real provider reads no more members of a changed set than there were.
            read[name] = (
                live[name] if prop.kind == SCALAR else _without_empty_fields(live[name])[: len(old)]
            )
    return read


def imported_inputs(resource_type: ResourceType, live: Object) -> Object:
    """Return an imported resource's inputs: live values that are neither empty nor defaults."""
    read: Object = {DEFAULTS: []}
    for prop in resource_type.inputs:
        value = live.get(prop.name)
        if prop.name == "gracefulShutdown":
            read[prop.name] = None
        elif value and not (prop.default_in_inputs and value == prop.default) and not prop.hashed:
            read[prop.name] = (
                _with_defaults(_without_empty_fields(value)) if prop.kind == RULES else value
            )
    return read


def _without_defaults(rules: JSON) -> JSON:
    """Return rules without the lists of defaults that Check added."""
    return [{key: value for key, value in rule.items() if key != DEFAULTS} for rule in rules]


def _with_defaults(rules: list[Object]) -> list[Object]:
    return [{DEFAULTS: [], **rule} for rule in rules]


def _without_empty_fields(items: list[JSON]) -> list[JSON]:
    """Return rules without their empty fields; members of other sets as they are."""
    return [
        {key: value for key, value in item.items() if value} if isinstance(item, dict) else item
        for item in items
    ]
