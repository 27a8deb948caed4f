"""What a resource type is to the plugin: its properties as a table, and four functions.

Property names are Pulumi's (camelCase); `terraform` is the name that messages use. Facts about
which properties replace, default or are computed are the real provider's, as recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from infra_apply.rehearsal.plugin.client import Client

JSON: TypeAlias = Any
Object: TypeAlias = dict[str, Any]

# How the engine writes a value that is not known yet.
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

SCALAR, SET, RULES = "scalar", "set", "rules"


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a resource.

    `computed`: the API fills it when the program does not. `output`: only ever an output.
    `default` is its value when neither does; `filled` defaults are put into the inputs by Check.
    `replaces`: a change replaces the resource; `off_replaces`: only one from true to false.
    `hashed`: the state holds the SHA1 of the input. `peer`: word of a rule's other end.
    """

    name: str
    terraform: str = ""
    kind: str = SCALAR
    required: bool = False
    computed: bool = False
    output: bool = False
    default: JSON = None
    filled: bool = False
    replaces: bool = False
    off_replaces: bool = False
    hashed: bool = False
    secret: bool = False
    peer: str = ""
    problem: Callable[[JSON], str | None] | None = None

    def stored(self, value: JSON) -> JSON:
        """The value as the state holds it: sets sorted, rules complete, user data hashed."""
        if value is None or value == UNKNOWN:
            return value
        if self.hashed:
            return hashlib.sha1(str(value).encode(), usedforsecurity=False).hexdigest()
        if self.kind == SET:
            return in_order(value)
        if self.kind == RULES:
            return in_rule_order([full_rule(rule, self.peer) for rule in value], self.peer)
        return value


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type. The functions speak to the API and raise ApiError, Failed or Unfinished.

    create(client, inputs) -> (id, outputs that the API decided)
    read(client, id, old outputs, None on import) -> the same, or None if it is gone
    update(client, id, old outputs, planned outputs, inputs) -> outputs that the API decided
    delete(client, id, old outputs)
    """

    urn_type: str
    properties: tuple[Property, ...]
    create: Callable[[Client, Object], tuple[str, Object]]
    read: Callable[[Client, str, Object | None], tuple[str, Object] | None]
    update: Callable[[Client, str, Object, Object, Object], Object] | None
    delete: Callable[[Client, str, Object], None]

    @property
    def inputs(self) -> tuple[Property, ...]:
        return tuple(prop for prop in self.properties if not prop.output)


class Unfinished(Exception):
    """The resource was made, but waiting for it failed: its id, known outputs and the reason."""

    def __init__(self, identifier: str, outputs: Object, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.outputs = outputs


class Failed(Exception):
    """The operation failed for a reason of the provider's own."""


def in_order(values: list[JSON]) -> list[JSON]:
    """A set as the state lists it: sorted, each once, what is unknown last."""
    known = {value for value in values if value != UNKNOWN and value is not None}
    unknown = [UNKNOWN] if UNKNOWN in values else []
    numbers = sorted(value for value in known if not isinstance(value, str))
    return [*numbers, *sorted(value for value in known if isinstance(value, str)), *unknown]


RULE_PEERS: Final = ("Addresses", "DropletIds", "KubernetesIds", "LoadBalancerUids", "Tags")


def full_rule(rule: JSON, peer: str) -> JSON:
    """A firewall rule with every field; `peer` is source or destination."""
    if not isinstance(rule, dict):
        return rule
    peers = {f"{peer}{what}": known_set(rule.get(f"{peer}{what}")) for what in RULE_PEERS}
    return {
        "portRange": rule.get("portRange") or "",
        "protocol": rule.get("protocol"),
        **peers,
    }


def known_set(values: JSON) -> JSON:
    return values if values == UNKNOWN else in_order(values or [])


def in_rule_order(rules: list[JSON], peer: str) -> list[JSON]:
    """Rules as the state lists them: sorted field by field, fields by their Terraform names."""

    def key(rule: JSON) -> str:
        if not isinstance(rule, dict):
            return "~"
        fields = [rule["portRange"], rule["protocol"]]
        peers = [rule[f"{peer}{what}"] for what in RULE_PEERS]
        ordered = [*peers, *fields] if peer == "destination" else [*fields, *peers]
        return repr(ordered).replace("'", '"')

    return sorted(rules, key=key)
