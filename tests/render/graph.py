"""What a program registers, as the engine would see it, through Pulumi's mocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

# How a secret is marked on the wire (sdk/python/lib/pulumi/runtime/rpc.py).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True, slots=True)
class Registered:
    """One registration; `inputs` as JSON, a secret as ("secret", value)."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    import_id: str
    depends_on: tuple[str, ...]
    urn: str


@dataclass(frozen=True, slots=True)
class Graph:
    """All registrations in their order, and the stack's outputs."""

    resources: Sequence[Registered]
    outputs: dict[str, Any]

    def of(self, kind: str) -> list[Registered]:
        """The resources whose type ends in this word, sorted by name."""
        resources = (
            resource for resource in self.resources if resource.type.rpartition(":")[2] == kind
        )
        return sorted(resources, key=lambda resource: resource.name)


def graph(program: Callable[[], None]) -> Graph:
    """Run a program; outside data makes a test fail, since render asks nobody."""
    monitor = Monitor()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        # Else the mocks register a stack of their own, and outputs of it, beside the program's.
        set_root_resource(object())  # type: ignore[arg-type]
        pulumi.runtime.set_mocks(
            monitor.mocks, project="infra-apply", stack="prod", monitor=monitor
        )
        set_root_resource(None)  # type: ignore[arg-type]
        loop.run_until_complete(run_in_stack(program))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return Graph(monitor.registered, monitor.outputs)


class _Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.endswith(":Droplet"):
            outputs |= {"ipv4Address": "203.0.113.9", "ipv4AddressPrivate": "10.0.0.9"}
        if args.typ.endswith(":DatabaseUser"):
            outputs |= {"password": pulumi.Output.secret("p@ss/word")}
        return f"id-{args.name}", outputs

    def call(self, args: Any) -> Any:
        raise AssertionError(f"render asks nobody, and called {args.token}")


class Monitor(MockMonitor):
    """Keeps whole registrations: the options are not part of what Pulumi's mocks are given."""

    def __init__(self) -> None:
        super().__init__(_Mocks())
        self.registered: list[Registered] = []
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        loop = asyncio.new_event_loop()  # else the mock makes one a thread, and leaves it open
        asyncio.set_event_loop(loop)
        try:
            answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        finally:
            loop.close()
            asyncio.set_event_loop(None)
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                parent=request.parent,
                inputs=_plain(MessageToDict(request.object)),
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=tuple(request.ignoreChanges),
                import_id=request.importId,
                depends_on=tuple(request.dependencies),
                urn=answer.urn,
            )
        )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        # A child's type begins with its parent's: `pulumi:pulumi:Stack$infra-apply:index:Host`.
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.outputs = _plain(MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _SIGNATURE in value:
        return ("secret", _plain(value["value"]))
    return {key: _plain(item) for key, item in value.items()}
