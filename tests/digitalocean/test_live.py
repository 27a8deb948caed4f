"""Reading the account of a rehearsal for looking at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra_apply.digitalocean.client import Access, Client
from infra_apply.digitalocean.live import read_live, read_prices
from infra_apply.errors import Outage
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve

NOW = 1768471200.0
TOKEN = "rehearsal-reader"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    state = seed(clusters=[("shared-pg", "pg"), ("other", "pg")], ssh_keys=["ops"])
    with serve(tmp_path, state, now=lambda: NOW, clock_scale=1e6) as running:
        yield running
        assert running.unmodelled == []


def post(server: Server, path: str, **body: Any) -> Any:
    answer = urllib3.request(
        "POST",
        f"{server.url}{path}",
        body=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    assert answer.status < 300, answer.data
    return answer.json()


def client(server: Server, token: str = TOKEN) -> Client:
    return Client(Access(server.url, token), tries=1)


def test_droplets_gpu_droplets_and_databases_are_read(server: Server) -> None:
    key = server.state()["keys"][0]["id"]
    post(
        server, "/v2/droplets", name="lime", region="nyc1", size="s-1vcpu-1gb",
        image="ubuntu-24-04-x64", tags=["env:prod"],
    )  # fmt: skip
    post(
        server, "/v2/droplets", name="shop-gpu-a1b2c3", region="tor1", size="gpu-l40sx1-48gb",
        image="gpu-h100x1-base", ssh_keys=[key], tags=["infra-apply-slot:shop:a1b2c3"],
    )  # fmt: skip
    cluster = server.state()["databases"][0]["id"]
    post(server, f"/v2/databases/{cluster}/dbs", name="shop")
    live = read_live(client(server), ["shared-pg", "missing"])
    (lime,) = live.droplets
    (slot,) = live.gpu_droplets
    assert (lime.name, lime.region, lime.size, lime.tags) == (
        "lime",
        "nyc1",
        "s-1vcpu-1gb",
        ("env:prod",),
    )
    assert lime.made_at == NOW
    assert (slot.hourly, slot.tags) == (1.57, ("infra-apply-slot:shop:a1b2c3",))
    assert dict(live.databases) == {"shared-pg": frozenset({"defaultdb", "shop"})}


def test_prices_are_the_accounts(server: Server) -> None:
    prices = read_prices(client(server))
    assert prices["s-1vcpu-1gb"][0] == 6.0
    assert prices["gpu-l40sx1-48gb"][1] == 1.57


def test_a_token_that_is_not_accepted_is_an_outage(server: Server) -> None:
    with pytest.raises(Outage, match="does not accept the token"):
        read_live(client(server, "wrong"), [])
