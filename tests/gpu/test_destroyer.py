"""A droplet is destroyed when DigitalOcean says that there is none, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.errors import Ambiguous, Outage
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve

PATH = "/v2/droplets/*"


@contextmanager
def account(folder: Path, *faults: Fault) -> Iterator[tuple[Server, list[float]]]:
    droplet = {"id": 5, "name": "x", "size_slug": "gpu-l40sx1-48gb", "tags": []}
    state = seed() | {"droplets": [droplet, droplet | {"id": 6}]}
    with serve(folder, state, faults=faults) as server:
        yield server, []


def destroyer(server: Server, waits: list[float], word: str = "rehearsal-x") -> Destroyer:
    return Destroyer(Client(Credentials(server.url, word)), waits.append)


def left(server: Server) -> list[int]:
    return [droplet["id"] for droplet in server.state()["droplets"]]


def test_only_the_droplet_asked_for_ends(tmp_path: Path) -> None:
    with account(tmp_path) as (server, waits):
        destroyer(server, waits).destroy(5)
        assert (left(server), waits) == ([6], [])


def test_one_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    with account(tmp_path) as (server, waits):
        destroyer(server, waits).destroy(7)
        assert left(server) == [5, 6]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(PATH, "DELETE", status=422),
        Fault(PATH, "DELETE", status=500, times=2),
        Fault(PATH, "DELETE", drop=True),
        Fault(PATH, "DELETE", drop=True, when="after"),
        Fault(PATH, "GET", status=503, times=3),
    ],
    ids=str,
)
def test_a_request_that_fails_is_asked_again(fault: Fault, tmp_path: Path) -> None:
    with account(tmp_path, fault) as (server, waits):
        destroyer(server, waits).destroy(5)
        assert left(server) == [6]


def test_what_is_still_there_at_last_is_said(tmp_path: Path) -> None:
    with account(tmp_path, Fault(PATH, "DELETE", status=422, times=99)) as (server, waits):
        with pytest.raises(Ambiguous, match="droplet 5 is still there after 5 requests.*422"):
            destroyer(server, waits).destroy(5)
        assert left(server) == [5, 6] and 100 < sum(waits) < 180


def test_a_token_that_may_not_is_said_at_once(tmp_path: Path) -> None:
    with account(tmp_path) as (server, waits):
        with pytest.raises(Outage, match="401"):
            destroyer(server, waits, "wrong").destroy(5)
        assert waits == []
