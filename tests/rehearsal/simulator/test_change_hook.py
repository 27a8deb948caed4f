"""Something else may follow the simulated account, and refuse its changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra_apply.rehearsal.simulator.account.messages import ErrorResponse, State, unprocessable
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.rehearsal.harness import FakeClock

DBS = "/v2/databases/bbbb0001-0000-4000-8000-000000000001/dbs"
ACCOUNT = seed(clusters=[("shared-pg", "pg")])
BAD = "bad"


class Follower:
    """Notes how the names of the databases change; no database may have a bad name."""

    def __init__(self) -> None:
        self.changes: list[tuple[list[str], list[str]]] = []

    def __call__(self, before: State, after: State) -> None:
        if BAD in databases(after):
            raise unprocessable("a bad name")
        self.changes.append((databases(before), databases(after)))


def databases(state: State) -> list[str]:
    return [database["name"] for database in state["databases"][0]["dbs"]]


def with_database(state: State, name: str) -> State:
    (cluster,) = state["databases"]
    return state | {"databases": [cluster | {"dbs": [*cluster["dbs"], {"name": name}]}]}


def post(server: Server, name: str) -> tuple[int, Any]:
    with urllib3.PoolManager(retries=False) as pool:
        headers = {"Authorization": f"Bearer {server.token}"}
        try:
            answer = pool.request("POST", server.url + DBS, json={"name": name}, headers=headers)
        except urllib3.exceptions.ProtocolError:
            return 0, None
        return answer.status, answer.json()


def test_every_change_is_told_with_the_account_before_and_after_it(tmp_path: Path) -> None:
    follower, clock = Follower(), FakeClock()
    late = Fault(path=DBS, method="POST", nth=2, late=30)
    with serve(
        tmp_path, ACCOUNT, on_change=follower, now=clock, sleep=clock.sleep, faults=[late]
    ) as server:
        assert post(server, "a")[0] == 201
        assert post(server, "b")[0] == 0
        server.edit(lambda state: with_database(state, "c"))
        clock.now += 30
        assert databases(server.state()) == ["defaultdb", "a", "c", "b"]
        assert post(server, "a")[0] == 422
    d, a, b, c = "defaultdb", "a", "b", "c"
    assert follower.changes == [([d], [d, a]), ([d, a], [d, a, c]), ([d, a, c], [d, a, c, b])]


def test_a_change_that_is_refused_is_answered_so_and_not_written(tmp_path: Path) -> None:
    with serve(tmp_path, ACCOUNT, on_change=Follower()) as server:
        status, body = post(server, BAD)
        assert (status, body["message"]) == (422, "a bad name")
        with pytest.raises(ErrorResponse, match="a bad name"):
            server.edit(lambda state: with_database(state, BAD))
        assert databases(json.loads(server.account_path.read_text())) == ["defaultdb"]
        assert post(server, "good")[0] == 201


def test_a_late_effect_that_is_refused_has_none_and_keeps_no_other_back(tmp_path: Path) -> None:
    clock = FakeClock()
    late = Fault(path=DBS, method="POST", times=2, late=30)
    with serve(
        tmp_path, ACCOUNT, on_change=Follower(), now=clock, sleep=clock.sleep, faults=[late]
    ) as server:
        assert [post(server, name)[0] for name in (BAD, "good")] == [0, 0]
        clock.now += 30
        assert databases(server.state()) == ["defaultdb", "good"]
    assert "late" not in json.loads(server.account_path.read_text())
