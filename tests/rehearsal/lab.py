"""What the tests of the rehearsal share: the laboratory's account, a clock, a plugin in process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2

from infra_apply.rehearsal.plugin.client import Client, configured
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


class Clock:
    """A clock that stands still until someone waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def lab_state() -> State:
    """The account that the recordings were made against, as far as it is known."""
    state = seed(clusters=[("shared-pg", "pg"), ("shared-mysql", None)], ssh_keys=["alice", "ci"])
    sizes = [
        size | {"regions": sorted(GPU_REGIONS if size["slug"].startswith("gpu") else REGIONS)}
        for size in state["sizes"]
        if size["slug"] in SIZES
    ]
    regions = [
        region | {"sizes": [s["slug"] for s in sizes if region["slug"] in s["regions"]]}
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


class Account:
    """A simulated account in the hand: ask it, and let time go by."""

    def __init__(self, state: State | None = None) -> None:
        self.state = lab_state() if state is None else state
        self.now = NOW

    def ask(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Response:
        request = Request(method, path, query or {}, body)
        self.state, response = handle(self.state, request, self.now)
        return response

    def get(self, path: str, **query: str) -> Any:
        response = self.ask("GET", path, query=query)
        assert response.status == 200, response.body
        return response.body

    def droplet(self, name: str = "web-1", *, booted: bool = True, **given: Any) -> Any:
        """A droplet made by the API's own door."""
        body = {"name": name, "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
        response = self.ask("POST", "/v2/droplets", body | given)
        assert response.status == 202, response.body
        made = response.body["droplet"]
        if booted:
            self.now += 60
            return self.get(f"/v2/droplets/{made['id']}")["droplet"]
        return made


class Aborted(Exception):
    """What a gRPC context raises when a call is given up."""


class Context:
    """A gRPC context without gRPC: it remembers why a call ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.trailing: Any = ()

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.trailing = metadata

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.code, self.details = code, details
        raise Aborted(details)


def plugin(url: str, clock: Clock, **environment: str) -> Provider:
    """A configured stand-in that speaks to `url` and waits on `clock`."""

    def connect(config: Mapping[str, str], env: Mapping[str, str]) -> Client:
        return replace(configured(config, env), sleep=clock.sleep)

    settings = {"DIGITALOCEAN_API_URL": url, "DIGITALOCEAN_TOKEN": "rehearsal-test"}
    provider = Provider("4.84.1", settings | environment, connect)
    provider.Configure(provider_pb2.ConfigureRequest(), context())
    return provider


def context() -> Any:
    return Context()


@contextmanager
def running(directory: Path, state: State, clock: Clock, **how: Any) -> Iterator[Server]:
    with serve(directory, state, now=clock, **how) as server:
        yield server
