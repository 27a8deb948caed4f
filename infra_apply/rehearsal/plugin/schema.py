"""Resource types: a table of properties, and functions to create, read, update and delete.

Which properties replace, have a default or are computed is what the real provider was recorded to
do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.sets import complete_rule, sorted_rules, sorted_set
from infra_apply.rehearsal.plugin.values import JSON, UNKNOWN, Object

SCALAR, SET, RULES = "scalar", "set", "rules"


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a resource type.

    `name` is Pulumi's (camelCase); `terraform_name` is the one that messages use, if it differs.
    `kind` is SCALAR, SET or RULES: a set of firewall rules, whose other end is `peer` ("source" or
    "destination"). `computed`: the API sets it if the program does not. `output_only`: the program
    cannot set it. `default` is its value if nobody sets it; `default_in_inputs`: Check adds that
    value to the inputs. `replaces`: a change replaces the resource. `disabling_replaces`: only a
    change from true to false does. `hashed`: the state holds the SHA1 of the input. `validate`
    returns what is wrong with a value (of a SET: with a member).
    """

    name: str
    terraform_name: str = ""
    kind: str = SCALAR
    required: bool = False
    computed: bool = False
    output_only: bool = False
    default: JSON = None
    default_in_inputs: bool = False
    replaces: bool = False
    disabling_replaces: bool = False
    hashed: bool = False
    secret: bool = False
    peer: str = ""
    validate: Callable[[JSON], str | None] | None = None

    def state_value(self, value: JSON) -> JSON:
        """Return the value as the state holds it: sets sorted, rules complete, user data hashed."""
        if value is None or value == UNKNOWN:
            return value
        if self.hashed:
            return hashlib.sha1(str(value).encode(), usedforsecurity=False).hexdigest()
        if self.kind == SET:
            return sorted_set(value)
        if self.kind == RULES:
            return sorted_rules([complete_rule(rule, self.peer) for rule in value], self.peer)
        return value


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type. The functions call the API; they raise ApiError and ProviderError.

    create(client, inputs) -> (id, outputs that the API decided); raises InitFailed too
    read(client, id, old outputs, None on import) -> the same, or None if it is gone
    update(client, id, old outputs, planned outputs, inputs) -> outputs that the API decided
    delete(client, id, old outputs)
    """

    pulumi_type: str
    properties: tuple[Property, ...]
    create: Callable[[Client, Object], tuple[str, Object]]
    read: Callable[[Client, str, Object | None], tuple[str, Object] | None]
    update: Callable[[Client, str, Object, Object, Object], Object] | None
    delete: Callable[[Client, str, Object], None]

    @property
    def inputs(self) -> tuple[Property, ...]:
        return tuple(prop for prop in self.properties if not prop.output_only)
