"""What tests of the rehearsal share: an account, a clock, a server, a provider in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.configuration import client_from_config
from infra_apply.rehearsal.plugin.servicer import Provider
from infra_apply.rehearsal.simulator.account.messages import Request, Response, State
from infra_apply.rehearsal.simulator.account.routes import handle
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve

NOW = 1768471200.0  # 2026-01-15T10:00:00Z
SHARED = Path(__file__).parents[2].parent / "shared"
PUBLIC_KEY = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 43}"

# What the account of the recordings had; ours has more regions and sizes.
REGIONS = ("nyc1", "nyc2", "nyc3", "fra1", "ams3", "tor1")
GPU_REGIONS = ("ams3", "nyc2", "tor1")
SIZES = (
    "s-1vcpu-1gb",
    "s-1vcpu-2gb",
    "s-2vcpu-2gb",
    "s-2vcpu-4gb",
    "s-4vcpu-8gb",
    "g-2vcpu-8gb",
    "gpu-h100x1-80gb",
    "gpu-h200x1-141gb",
    "gpu-l40sx1-48gb",
)


class FakeClock:
    """A clock that stands still until someone waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def reset(self) -> None:
        self.now = NOW
        self.slept.clear()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def recorded_account() -> State:
    """The account that the recordings were made against, as far as it is known."""
    state = seed(clusters=[("shared-pg", "pg"), ("shared-mysql", None)], ssh_keys=["alice", "ci"])
    sizes = [
        size | {"regions": sorted(GPU_REGIONS if size["slug"].startswith("gpu") else REGIONS)}
        for size in state["sizes"]
        if size["slug"] in SIZES
    ]
    regions = [
        region | {"sizes": [size["slug"] for size in sizes if region["slug"] in size["regions"]]}
        for region in state["regions"]
        if region["slug"] in REGIONS
    ]
    images = [image | {"regions": sorted(REGIONS)} for image in state["images"]]
    keys = [key | {"public_key": f"{PUBLIC_KEY} {key['name']}"} for key in state["keys"]]
    vpcs = [vpc for vpc in state["vpcs"] if vpc["region"] in REGIONS]
    return state | {
        "sizes": sizes,
        "regions": regions,
        "images": images,
        "keys": keys,
        "vpcs": vpcs,
        "next_id": state["next_id"] | {"vpc": 7},
    }


class SimulatedAccount:
    """A simulated account without a server; its time passes when a test says so."""

    def __init__(self, state: State | None = None) -> None:
        self.state = recorded_account() if state is None else state
        self.now = NOW

    def request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Response:
        request = Request(method, path, query or {}, body)
        self.state, response = handle(self.state, request, self.now)
        return response

    def get(self, path: str, **query: str) -> Any:
        response = self.request("GET", path, query=query)
        assert response.status == 200, response.body
        return response.body

    def set_next_id(self, counter: str, number: int) -> None:
        self.state = self.state | {"next_id": self.state["next_id"] | {counter: number}}

    def create_droplet(self, name: str = "web-1", *, booted: bool = True, **fields: Any) -> Any:
        """Create a droplet by a request, and let time pass until it has booted."""
        body = {"name": name, "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
        response = self.request("POST", "/v2/droplets", body | fields)
        assert response.status == 202, response.body
        droplet = response.body["droplet"]
        if booted:
            self.now += 60
            return self.get(f"/v2/droplets/{droplet['id']}")["droplet"]
        return droplet


class Aborted(Exception):
    """Raised by a gRPC context to end a call."""


class FakeContext:
    """A gRPC context without a connection, which records why a call ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.trailing: Any = ()

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.trailing = metadata

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.code, self.details = code, details
        raise Aborted(details)


def configured_provider(url: str, clock: FakeClock, **variables: str) -> Provider:
    """A configured stand-in that calls `url` and waits on `clock`."""

    def connect(config: Mapping[str, str], env: Mapping[str, str]) -> Client:
        return replace(client_from_config(config, env), sleep=clock.sleep)

    settings = {"DIGITALOCEAN_API_URL": url, "DIGITALOCEAN_TOKEN": "rehearsal-test"}
    provider = Provider("4.84.1", settings | variables, connect)
    provider.Configure(provider_pb2.ConfigureRequest(), fake_context())
    return provider


def fake_context() -> Any:
    return FakeContext()


@contextmanager
def run_server(directory: Path, state: State, clock: FakeClock, **options: Any) -> Iterator[Server]:
    """Serve an account whose time, delays of faults included, is the clock's."""
    settings: dict[str, Any] = {"now": clock, "sleep": clock.sleep} | options
    with serve(directory, state, **settings) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running server with its clock, used by several tests in turn."""

    server: Server
    clock: FakeClock

    def reset(self, state: State) -> None:
        """Give the server another account, and forget the requests so far."""
        self.clock.reset()
        self.server.edit(lambda _: state)
        self.server.requests_path.write_text("")
        self.server.unmodelled.clear()
