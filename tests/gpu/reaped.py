"""A simulated account with slots, and `gpu reap` run against it as its user runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from infra_apply.cli.main import main
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve

KEPT = Path(__file__).parents[1] / "e2e" / "kept" / "account" / "account.json"
FIRST, SECOND = "aaaaaa", "bbbbbb"
Droplets = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Served:
    """An account that a server holds."""

    server: Server

    def left(self) -> list[int]:
        return [droplet["id"] for droplet in self.server.state()["droplets"]]

    def tags(self) -> list[str]:
        return [tag["name"] for tag in self.server.state()["tags"]]

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.server.requests_path.read_text().splitlines()]

    def deleted(self) -> list[str]:
        return [request["path"] for request in self.requests() if request["method"] == "DELETE"]


def overdue(number: int, slot_id: str) -> dict[str, Any]:
    """A droplet that is a slot of the fleet acme whose deadline has passed."""
    droplets = json.loads(KEPT.read_text())["droplets"]
    gpu = next(droplet for droplet in droplets if droplet["size_slug"].startswith("gpu-"))
    tags = [
        f"infra-apply-slot:acme:train:{slot_id}",
        "infra-apply:acme:prod",
        "infra-apply-deadline:1700000000",
    ]
    return dict(gpu, id=number, name=f"train-gpu-{slot_id}", tags=tags)


def tag_first(tag: str) -> Callable[[Droplets], Droplets]:
    """Return what gives the first droplet another tag."""
    return lambda droplets: [
        droplets[0] | {"tags": [*droplets[0]["tags"], tag]},
        *droplets[1:],
    ]


@contextmanager
def served(
    folder: Path,
    *droplets: dict[str, Any],
    tags: Sequence[str] = (),
    faults: Sequence[Fault] = (),
    meanwhile: Callable[[Droplets], Droplets] = lambda droplets: droplets,
) -> Iterator[Served]:
    """Serve an account; `meanwhile` changes its droplets when a fault delays an answer."""
    names = dict.fromkeys([*tags, *(tag for droplet in droplets for tag in droplet["tags"])])
    state = seed() | {"droplets": list(droplets), "tags": [{"name": name} for name in names]}

    def change(_: float) -> None:
        server.edit(lambda state: state | {"droplets": meanwhile(state["droplets"])})

    with serve(folder / "account", state, faults=faults, sleep=change) as server:
        yield Served(server)


def reap(
    account: Served,
    *flags: str,
    fleet: str = "acme",
    variable: str = "DIGITALOCEAN_TOKEN",
    token: str = "rehearsal-reaper",  # noqa: S107 - the simulator's
) -> int:
    """Run `gpu reap` with this token in this variable; its exit code."""
    kept = {key: word for key, word in os.environ.items() if not key.startswith("DIGITALOCEAN_")}
    environ = {**kept, "DIGITALOCEAN_API_URL": account.server.url, variable: token}
    with mock.patch.dict(os.environ, environ, clear=True):
        return main(["gpu", "reap", "--fleet", fleet, *flags])
