"""Check: a program's inputs with their defaults, and what is wrong with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from infra_apply.rehearsal.plugin.schema import RULES, SET, Property, ResourceType
from infra_apply.rehearsal.plugin.values import JSON, Object

DEFAULTS: Final = "__defaults"
SUFFIX_LENGTH: Final = 7


@dataclass(frozen=True, slots=True)
class Autonaming:
    """How to name a resource without a name: the engine's random seed, or the name it proposes."""

    seed: bytes = b""
    proposed: str | None = None


def check_inputs(
    resource_type: ResourceType, resource_name: str, olds: Object, news: Object, naming: Autonaming
) -> tuple[Object, list[str]]:
    """Return the inputs that the engine keeps, and the reasons for which they are invalid.

    `__defaults` lists what the plugin added, at the top and in every rule. A resource that was
    named by the plugin keeps its name.
    """
    explicit = {
        name: value for name, value in news.items() if name != DEFAULTS and value is not None
    }
    added: Object = {}
    for prop in resource_type.inputs:
        if prop.name in explicit:
            explicit[prop.name] = _normalize(prop, explicit[prop.name])
        elif prop.name == "name":
            added["name"] = _autoname(resource_name, olds, naming)
        elif prop.default_in_inputs:
            added[prop.name] = prop.default
    inputs = {DEFAULTS: sorted(added), **explicit, **added}
    return inputs, [
        reason for prop in resource_type.inputs for reason in _failures(prop, resource_name, inputs)
    ]


def _autoname(resource_name: str, olds: Object, naming: Autonaming) -> str:
    if "name" in (olds.get(DEFAULTS) or []) and olds.get("name"):
        return str(olds["name"])
    if naming.proposed:
        return naming.proposed
    digest = hashlib.sha256(naming.seed + resource_name.encode()).hexdigest()
    return f"{resource_name}-{digest[:SUFFIX_LENGTH]}"


def _normalize(prop: Property, value: JSON) -> JSON:
    if prop.kind != RULES or not isinstance(value, list):
        return value
    return [
        {
            DEFAULTS: [],
            **{key: item for key, item in rule.items() if key != DEFAULTS and item is not None},
        }
        if isinstance(rule, dict)
        else rule
        for rule in value
    ]


def _failures(prop: Property, resource_name: str, inputs: Object) -> list[str]:
    value = inputs.get(prop.name)
    location = f"Examine values at '{resource_name}.{prop.name}"
    if value is None:
        if not prop.required:
            return []
        name = prop.terraform_name or prop.name
        missing = f'The argument "{name}" is required, but no definition was found.'
        return [f"Missing required argument. {missing}. {location}'."]
    if prop.validate is None:
        return []
    if prop.kind != SET:
        problem = prop.validate(value)
        return [f"{problem}. {location}'."] if problem else []
    problems = [(index, prop.validate(item)) for index, item in enumerate(value)]
    return [f"{problem}. {location}[{index}]'." for index, problem in problems if problem]
