"""What a program registers, as the engine would see it, through Pulumi's mocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra_apply.digitalocean.model import Cluster

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
    """All registrations in their order, the stack's outputs, and the clusters looked up."""

    resources: Sequence[Registered]
    outputs: dict[str, Any]
    looked_up: Sequence[str]

    def of(self, kind: str) -> list[Registered]:
        """The resources whose type ends in this word, sorted by name."""
        resources = (
            resource for resource in self.resources if resource.type.rpartition(":")[2] == kind
        )
        return sorted(resources, key=lambda resource: resource.name)


def graph(program: Callable[[], None], clusters: Iterable[Cluster] = ()) -> Graph:
    """Run a program in an account with these clusters, about which alone it may ask."""
    mocks = Mocks({cluster.name: cluster for cluster in clusters})
    monitor = Monitor(mocks)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        # Else the mocks register a stack of their own, and outputs of it, beside the program's.
        set_root_resource(object())  # type: ignore[arg-type]
        pulumi.runtime.set_mocks(mocks, project="infra-apply", stack="prod", monitor=monitor)
        set_root_resource(None)  # type: ignore[arg-type]
        loop.run_until_complete(run_in_stack(program))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return Graph(monitor.registered, monitor.outputs, mocks.looked_up)


class Mocks(pulumi.runtime.Mocks):
    def __init__(self, clusters: Mapping[str, Cluster]) -> None:
        self.clusters = clusters
        self.looked_up: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.endswith(":Droplet"):
            outputs |= {"ipv4Address": "203.0.113.9", "ipv4AddressPrivate": "10.0.0.9"}
            outputs = {"vpcUuid": "vpc-default"} | outputs
        if args.typ.endswith(":DatabaseUser"):
            outputs |= {"password": pulumi.Output.secret("p@ss/word")}
        return f"id-{args.name}", outputs

    def call(self, args: Any) -> Any:
        assert args.token == "digitalocean:index/getDatabaseCluster:getDatabaseCluster", args.token
        self.looked_up.append(args.args["name"])
        cluster = self.clusters.get(args.args["name"])
        if cluster is None:
            return {}  # as the real provider answers for a name that it does not know
        return {
            "id": cluster.id,
            "engine": cluster.engine,
            "host": cluster.host,
            "privateHost": f"private-{cluster.host}",
            "port": cluster.port,
            "privateNetworkUuid": "vpc-1",
            "uri": "postgresql://doadmin:@host" + ("?sslmode=require" if cluster.ssl else ""),
        }


class Monitor(MockMonitor):
    """Keeps whole registrations: the options are not part of what Pulumi's mocks are given."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.registered: list[Registered] = []
        self.outputs: dict[str, Any] = {}

    def Invoke(self, request: Any) -> Any:
        with _loop_of_thread():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:
        with _loop_of_thread():
            answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
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


@contextmanager
def _loop_of_thread() -> Iterator[None]:
    """Give the thread a loop for as long as the block: the mock would leave one open."""
    former = asyncio._get_running_loop()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(former)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _SIGNATURE in value:
        return ("secret", _plain(value["value"]))
    return {key: _plain(item) for key, item in value.items()}
