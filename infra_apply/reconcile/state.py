"""What the stack's last checkpoint remembers, from what `pulumi stack export` prints. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

# Types of resources. They stand in people's states and never change.
HOST: Final = "infra-apply:index:Host"
DATABASE: Final = "infra-apply:index:Database"
POOL: Final = "infra-apply:index:Pool"
DROPLET: Final = "digitalocean:index/droplet:Droplet"
FIREWALL: Final = "digitalocean:index/firewall:Firewall"
LOGICAL_DATABASE: Final = "digitalocean:index/databaseDb:DatabaseDb"
USER: Final = "digitalocean:index/databaseUser:DatabaseUser"
GRANTS: Final = "pulumi-python:dynamic/infra-apply:Grants"
TAG: Final = "digitalocean:index/tag:Tag"
STACK: Final = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True)
class StateResource:
    """A resource of the state. `inputs` and `outputs` are as exported: secrets are ciphertext.

    `id` is empty for a component. `parent` is a URN.
    """

    urn: str
    type: str
    id: str = ""
    parent: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    protect: bool = False
    retain: bool = False

    @property
    def name(self) -> str:
        """Its logical name, the last part of its URN."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, slots=True)
class State:
    """A stack's resources, and the URNs of those whose create has no known end.

    `written_at` is when the checkpoint was written, in seconds since 1970; None if unknown.
    """

    resources: tuple[StateResource, ...] = ()
    pending_creates: frozenset[str] = frozenset()
    written_at: float | None = None
    _components: Mapping[tuple[str, str], StateResource] = field(
        init=False, compare=False, repr=False
    )
    _children: Mapping[str, tuple[StateResource, ...]] = field(
        init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        components, children = {}, defaultdict(list)
        for resource in self.resources:
            children[resource.parent].append(resource)
            if resource.type in _COMPONENTS:
                components[resource.type, resource.name] = resource
        object.__setattr__(self, "_components", components)
        object.__setattr__(
            self, "_children", {parent: tuple(held) for parent, held in children.items()}
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing of ours was ever registered."""
        return not self._components

    @property
    def droplet_ids(self) -> frozenset[int]:
        """The ids of the droplets it has, or that its hosts had when they were last made."""
        ids = {held.id for held in self.resources if held.type == DROPLET}
        ids |= {str(host.outputs.get("droplet")) for host in self.components(HOST)}
        return frozenset(int(number) for number in ids if number.isdecimal())

    def components(self, kind: str) -> Iterator[StateResource]:
        """Yield the components of a type."""
        return (held for (held_kind, _), held in self._components.items() if held_kind == kind)

    def component(self, kind: str, name: str) -> StateResource | None:
        """Return a component by its type and name."""
        return self._components.get((kind, name))

    def children(self, component: StateResource) -> tuple[StateResource, ...]:
        """Return the resources that are a component's own."""
        return self._children.get(component.urn, ())

    def child(
        self, kind: str, name: str, child_kind: str, *, called: str | None = None
    ) -> StateResource | None:
        """Return the child of a type that the component `kind` called `name` has.

        Where it may have more than one of the type, the child is the one `called` so.
        """
        component = self.component(kind, name)
        children = self.children(component) if component else ()
        return next(
            (
                child
                for child in children
                if child.type == child_kind and called in {None, child.name}
            ),
            None,
        )


def parse_state(exported: Mapping[str, Any]) -> State:
    """Read what `pulumi stack export` printed as JSON. A stack without a deployment is empty.

    What the engine has yet to delete after a replacement is not what the state holds.
    """
    deployment = exported.get("deployment") or {}
    pending = deployment.get("pending_operations") or ()
    return State(
        resources=tuple(
            _resource(resource)
            for resource in deployment.get("resources") or ()
            if not resource.get("delete")
        ),
        pending_creates=frozenset(
            operation["resource"]["urn"]
            for operation in pending
            if operation.get("type") == "creating"
        ),
        written_at=_seconds((deployment.get("manifest") or {}).get("time")),
    )


def _resource(resource: Mapping[str, Any]) -> StateResource:
    return StateResource(
        urn=resource["urn"],
        type=resource["type"],
        id=str(resource.get("id") or ""),
        parent=str(resource.get("parent") or ""),
        inputs=resource.get("inputs") or {},
        outputs=resource.get("outputs") or {},
        protect=bool(resource.get("protect")),
        retain=bool(resource.get("retainOnDelete")),
    )


def _seconds(time: object) -> float | None:
    """Read an RFC 3339 time; Go writes nanoseconds, of which microseconds are enough."""
    text = str(time or "")
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed.timestamp()


_COMPONENTS: Final = frozenset({HOST, DATABASE, POOL})
