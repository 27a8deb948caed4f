"""The simulated account that a simulation buys its slots from, without a server or a clock."""

from __future__ import annotations

from itertools import count
from typing import Final

from infra_apply.rehearsal.simulator.account.messages import Object, Request, Response, State
from infra_apply.rehearsal.simulator.account.routes import handle
from infra_apply.rehearsal.simulator.seed.build import seed

SIZE: Final = "gpu-l40sx1-48gb"
_KEY: Final = "simulation"


class Cloud:
    """A fresh account in which a GPU droplet boots for `boot` seconds."""

    def __init__(self, boot: float, droplet_limit: int) -> None:
        state = seed(clusters=[], ssh_keys=[_KEY])
        self._state: State = state | {
            "waits": state["waits"] | {"gpu_droplet": boot},
            "account": state["account"] | {"droplet_limit": droplet_limit},
        }
        self._key = self._state["keys"][0]["id"]

    def create(self, name: str, now: float) -> int:
        """Ask for a slot; return its droplet's id."""
        body = {"name": name, "size": SIZE, "image": "gpu-h100x1-base", "ssh_keys": [self._key]}
        droplet = self._ask("POST", "/v2/droplets", now, body).body["droplet"]
        return int(droplet["id"])

    def ready(self, now: float) -> dict[int, bool]:
        """Return the GPU droplets that are there, and whether each has booted."""
        droplets: list[Object] = []
        for page in count(1):
            query = {"type": "gpus", "per_page": "200", "page": str(page)}
            found = self._ask("GET", "/v2/droplets", now, query=query).body["droplets"]
            droplets += found
            if len(found) < 200:  # noqa: PLR2004 - as asked for
                break
        return {droplet["id"]: droplet["status"] == "active" for droplet in droplets}

    def destroy(self, droplet_id: int, now: float) -> None:
        """Destroy a droplet."""
        self._ask("DELETE", f"/v2/droplets/{droplet_id}", now)

    def _ask(
        self,
        method: str,
        path: str,
        now: float,
        body: Object | None = None,
        query: dict[str, str] | None = None,
    ) -> Response:
        request = Request(method, path, query or {}, body)
        self._state, response = handle(self._state, request, now)
        if response.status >= 400:  # noqa: PLR2004
            raise RuntimeError(f"{method} {path}: {response.status} {response.body}")
        return response
