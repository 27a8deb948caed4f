"""Another password for a user of a cluster, as DigitalOcean's API is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_apply.apply.rotation import Turn, change_password
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.companies import database, plan, service

PLAN = plan(service("shop", database=database("shop"), provider="mac", service=None))


@pytest.fixture(params=["pg", "mysql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    clusters = [("shared", request.param)]
    with serve(tmp_path / "account", seed(clusters=clusters)) as served:
        yield served


def cluster(server: Server) -> Any:
    return server.state()["databases"][0]


def turn(server: Server) -> Turn:
    return Turn(PLAN.databases[0], cluster(server)["id"], ("shop",), frozenset({"shop"}), "")


def user(server: Server, name: str) -> Any:
    return next(user for user in cluster(server)["users"] if user["name"] == name)


def test_a_user_gets_another_password_and_logs_in_as_it_did(server: Server) -> None:
    client = Client(Credentials(server.url, "rehearsal-token"))
    body: dict[str, Any] = {"name": "$sh.op"}
    if cluster(server)["engine"] == "mysql":
        body["mysql_settings"] = {"auth_plugin": "mysql_native_password"}
    client.post(f"/v2/databases/{cluster(server)['id']}/users", body)
    before = user(server, "$sh.op")
    assert change_password(client, turn(server), "$sh.op", state="")
    after = user(server, "$sh.op")
    assert after["password"] != before["password"]
    assert after == before | {"password": after["password"]}


def test_a_user_that_is_not_there_is_told_of(server: Server) -> None:
    client = Client(Credentials(server.url, "rehearsal-token"))
    assert not change_password(client, turn(server), "shop", state="")
