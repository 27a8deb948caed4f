"""Check: a program's inputs with their defaults, and what is wrong with them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from infra_apply.rehearsal.plugin.schema import JSON, RULES, SET, Object, Property, Resource

DEFAULTS: Final = "__defaults"
SUFFIX: Final = 7


@dataclass(frozen=True, slots=True)
class Naming:
    """How to name a resource without a name: the engine's seed, or the name it proposes."""

    seed: bytes = b""
    proposed: str | None = None


def checked(
    resource: Resource, logical: str, olds: Object, news: Object, naming: Naming
) -> tuple[Object, list[str]]:
    """The inputs that the engine keeps, and the reasons for which they are refused.

    `__defaults` lists what the plugin added, at the top and in every rule. A resource that was
    named by the plugin keeps its name.
    """
    given = {name: value for name, value in news.items() if name != DEFAULTS and value is not None}
    added: Object = {}
    for prop in resource.inputs:
        if prop.name in given:
            given[prop.name] = tidied(prop, given[prop.name])
        elif prop.name == "name":
            added["name"] = named(logical, olds, naming)
        elif prop.filled:
            added[prop.name] = prop.default
    inputs = {DEFAULTS: sorted(added), **given, **added}
    return inputs, [reason for prop in resource.inputs for reason in faults(prop, logical, inputs)]


def named(logical: str, olds: Object, naming: Naming) -> str:
    if "name" in (olds.get(DEFAULTS) or []) and olds.get("name"):
        return str(olds["name"])
    if naming.proposed:
        return naming.proposed
    digest = hashlib.sha256(naming.seed + logical.encode()).hexdigest()
    return f"{logical}-{digest[:SUFFIX]}"


def tidied(prop: Property, value: JSON) -> JSON:
    if prop.kind != RULES or not isinstance(value, list):
        return value
    return [
        {DEFAULTS: [], **{k: v for k, v in rule.items() if k != DEFAULTS and v is not None}}
        if isinstance(rule, dict)
        else rule
        for rule in value
    ]


def faults(prop: Property, logical: str, inputs: Object) -> list[str]:
    value = inputs.get(prop.name)
    where = f"Examine values at '{logical}.{prop.name}"
    if value is None:
        if not prop.required:
            return []
        name = prop.terraform or prop.name
        missing = f'The argument "{name}" is required, but no definition was found.'
        return [f"Missing required argument. {missing}. {where}'."]
    if prop.problem is None:
        return []
    if prop.kind != SET:
        problem = prop.problem(value)
        return [f"{problem}. {where}'."] if problem else []
    problems = [(index, prop.problem(item)) for index, item in enumerate(value)]
    return [f"{problem}. {where}[{index}]'." for index, problem in problems if problem]
