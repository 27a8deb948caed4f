"""Effects that come after their answer was lost, and objects that lists show later."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.rehearsal.simulator.account import hiding, late
from infra_apply.rehearsal.simulator.account.messages import Request, State
from infra_apply.rehearsal.simulator.account.routes import handle
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.server import Server
from tests.rehearsal.harness import NOW, FakeClock, recorded_account, run_server

CLUSTER = "bbbb0001-0000-4000-8000-000000000001"
DBS = f"/v2/databases/{CLUSTER}/dbs"
USERS = f"/v2/databases/{CLUSTER}/users"
DROPLET = {"name": "w", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
TAGGED = DROPLET | {"tags": ["web"]}
RULES = [{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}]
FIREWALL = {"name": "fw", "inbound_rules": RULES}
MADE_BY_POST = [
    ("/v2/droplets", DROPLET, "droplets"),
    ("/v2/firewalls", FIREWALL, "firewalls"),
    ("/v2/tags", {"name": "web"}, "tags"),
    ("/v2/vpcs", {"name": "net", "region": "nyc1"}, "vpcs"),
    (DBS, {"name": "shop"}, "dbs"),
    (USERS, {"name": "shop"}, "users"),
]


class Account:
    """An account whose server can be ended and started again, on a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FakeClock()

    def serve(self, *faults: Fault, **options: Any) -> Any:
        return run_server(self.directory, recorded_account(), self.clock, faults=faults, **options)

    def written(self) -> State:
        state: State = json.loads((self.directory / "account.json").read_text())
        return state


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def ask(server: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Return the status and body of an answer; status 0 where the connection was dropped."""
    headers = {"Authorization": "Bearer rehearsal-x"}
    with urllib3.PoolManager(retries=False) as pool:
        try:
            answer = pool.request(method, server.url + path, json=body, headers=headers)
        except urllib3.exceptions.ProtocolError:
            return 0, None
        return answer.status, json.loads(answer.data) if answer.data else None


def names(server: Server, path: str, key: str) -> list[str]:
    status, body = ask(server, "GET", f"{path}?per_page=200")
    assert status == 200
    return [item["name"] for item in body[key]]


@pytest.mark.parametrize(("path", "body", "key"), MADE_BY_POST)
def test_what_is_hidden_is_answered_and_lists_show_it_later(
    account: Account, path: str, body: Any, key: str
) -> None:
    with account.serve(Fault(path=path, method="POST", hidden=30)) as server:
        before = names(server, path, key)
        status, answer = ask(server, "POST", path, body)
        assert status in {201, 202}
        assert names(server, path, key) == before
        item = next(value for key, value in answer.items() if key != "links")
        own_path = f"{path}/{item.get('id', item['name'])}"
        assert ask(server, "GET", own_path)[0] == 200
        account.clock.now += 29.9
        assert names(server, path, key) == before
        account.clock.now += 0.1
        assert names(server, path, key) == [*before, body["name"]]
        assert "hidden" not in account.written()


@pytest.mark.parametrize("query", ["tag_name=web", "type=droplets", "name=w"])
def test_a_hidden_droplet_is_in_no_list_of_droplets(account: Account, query: str) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", hidden=30)) as server:
        identifier = ask(server, "POST", "/v2/droplets", TAGGED)[1]["droplet"]["id"]
        listed = f"/v2/droplets?{query}"
        assert ask(server, "GET", listed)[1]["meta"]["total"] == 0
        assert ask(server, "GET", "/v2/tags/web")[1]["tag"]["resources"]["count"] == 0
        assert ask(server, "GET", f"/v2/droplets/{identifier}/firewalls")[0] == 200
        account.clock.now += 30
        assert ask(server, "GET", listed)[1]["meta"]["total"] == 1


def test_a_hidden_database_is_not_among_its_clusters_names(account: Account) -> None:
    with account.serve(Fault(path=DBS, method="POST", hidden=30)) as server:
        ask(server, "POST", DBS, {"name": "shop"})
        (cluster, _) = ask(server, "GET", "/v2/databases")[1]["databases"]
        assert "shop" not in cluster["db_names"]
        # It exists all the same: its name is taken.
        assert ask(server, "POST", DBS, {"name": "shop"})[0] == 422


def test_a_batch_is_hidden_as_a_whole_and_only_it(account: Account) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", nth=2, hidden=30)) as server:
        ask(server, "POST", "/v2/droplets", DROPLET | {"name": "before"})
        batch = {key: value for key, value in DROPLET.items() if key != "name"}
        ask(server, "POST", "/v2/droplets", batch | {"names": ["a", "b"]})
        ask(server, "POST", "/v2/droplets", DROPLET | {"name": "after"})
        assert names(server, "/v2/droplets", "droplets") == ["before", "after"]


@pytest.mark.parametrize("loss", [{"drop": True}, {"status": 503}])
def test_an_answer_may_be_lost_of_what_is_hidden(account: Account, loss: Any) -> None:
    fault = Fault(path="/v2/droplets", method="POST", hidden=30, **loss)
    with account.serve(fault) as server:
        assert ask(server, "POST", "/v2/droplets", DROPLET)[0] == loss.get("status", 0)
        assert names(server, "/v2/droplets", "droplets") == []
        account.clock.now += 30
        assert names(server, "/v2/droplets", "droplets") == ["w"]


def test_a_server_that_starts_later_hides_what_an_earlier_one_hid(account: Account) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", hidden=30)) as server:
        ask(server, "POST", "/v2/droplets", DROPLET)
    account.clock.now += 29
    with account.serve() as server:
        assert names(server, "/v2/droplets", "droplets") == []
        account.clock.now += 1
        assert names(server, "/v2/droplets", "droplets") == ["w"]


@pytest.mark.parametrize(("path", "body", "key"), MADE_BY_POST)
@pytest.mark.parametrize("status", [None, 504])
def test_a_late_effect_comes_once_after_its_answer_was_lost(
    account: Account, path: str, body: Any, key: str, status: int | None
) -> None:
    with account.serve(Fault(path=path, method="POST", late=30, status=status)) as server:
        before = names(server, path, key)
        assert ask(server, "POST", path, body)[0] == (status or 0)
        account.clock.now += 29.9
        assert names(server, path, key) == before
        account.clock.now += 0.1
        assert names(server, path, key) == [*before, body["name"]]
        account.clock.now += 300
        assert names(server, path, key) == [*before, body["name"]]
        assert "late" not in account.written()


@pytest.mark.parametrize("times", [1, 3])
def test_a_late_effect_comes_where_another_server_was_started_meanwhile(
    account: Account, times: int
) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", late=30)) as server:
        ask(server, "POST", "/v2/droplets", DROPLET)
    account.clock.now += 100
    for _ in range(times):
        with account.serve() as server:
            droplets = server.state()["droplets"]
    assert [droplet["name"] for droplet in droplets] == ["w"]
    # It was made when its time came, not when somebody looked, and has booted since.
    assert (droplets[0]["created_at"], droplets[0]["status"]) == ("2026-01-15T10:00:30Z", "active")


def test_an_effect_that_is_due_when_the_server_ends_is_in_the_file(account: Account) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", late=30)) as server:
        ask(server, "POST", "/v2/droplets", DROPLET)
        account.clock.now += 30
    assert [droplet["name"] for droplet in account.written()["droplets"]] == ["w"]


def test_a_server_whose_folder_is_gone_ends_without_a_word(account: Account) -> None:
    with account.serve():
        shutil.rmtree(account.directory)
    assert not account.directory.exists()


def test_a_late_effect_meets_the_account_as_it_is_then(account: Account) -> None:
    faults = [
        Fault(path=DBS, method="POST", late=30),
        Fault(path="/v2/firewalls/*", method="DELETE", late=30),
    ]
    with account.serve(*faults) as server:
        firewall = ask(server, "POST", "/v2/firewalls", FIREWALL)[1]["firewall"]
        ask(server, "DELETE", f"/v2/firewalls/{firewall['id']}")
        ask(server, "POST", DBS, {"name": "shop"})
        # Someone else takes the name before the first request has its effect.
        assert ask(server, "POST", DBS, {"name": "shop"})[0] == 201
        assert names(server, "/v2/firewalls", "firewalls") == ["fw"]
        account.clock.now += 30
        assert names(server, DBS, "dbs").count("shop") == 1
        assert names(server, "/v2/firewalls", "firewalls") == []


def test_a_refused_token_has_no_late_effect(account: Account) -> None:
    fault = Fault(path="/v2/tags", method="POST", late=30)
    with account.serve(fault, token="rehearsal-other") as server:
        assert ask(server, "POST", "/v2/tags", {"name": "web"})[0] == 0
        account.clock.now += 30
        assert server.state()["tags"] == []


def test_a_late_request_leaves_no_user_data_on_disk(account: Account) -> None:
    with account.serve(Fault(path="/v2/droplets", method="POST", late=30)) as server:
        ask(server, "POST", "/v2/droplets", DROPLET | {"user_data": "PASSWORD=hunter2"})
        assert account.written()["late"]
        assert "hunter2" not in (account.directory / "account.json").read_text()


def test_the_clock_divides_how_long_things_are_late_and_hidden(account: Account) -> None:
    faults = [
        Fault(path="/v2/droplets", method="POST", late=30),
        Fault(path="/v2/tags", method="POST", hidden=30),
    ]
    with account.serve(*faults, clock_scale=10.0) as server:
        ask(server, "POST", "/v2/droplets", DROPLET)
        ask(server, "POST", "/v2/tags", {"name": "web"})
        account.clock.now += 3
        assert names(server, "/v2/droplets", "droplets") == ["w"]
        assert names(server, "/v2/tags", "tags") == ["web"]


@given(st.lists(st.tuples(st.sampled_from(["POST", "DELETE"]), st.integers(0, 60)), max_size=8))
def test_late_effects_come_in_the_order_of_their_times_however_often_one_looks(
    requests: list[tuple[str, int]],
) -> None:
    state, in_order = recorded_account(), recorded_account()
    for method, seconds in requests:
        state = late.postpone(state, tag_request(method), NOW + seconds)
    for method, seconds in sorted(requests, key=lambda request: request[1]):
        in_order, _ = handle(in_order, tag_request(method), NOW + seconds)
    looked_often = state
    for seconds in range(61):
        looked_often = late.settle(looked_often, NOW + seconds)
    assert late.settle(state, NOW + 60) == looked_often == in_order


@given(st.lists(st.sampled_from(MADE_BY_POST)), st.data())
def test_what_nothing_hides_stays_visible(requests: list[Any], data: st.DataObject) -> None:
    state = recorded_account()
    for path, body, _ in requests:
        changed, _ = handle(state, Request("POST", path, {}, body), NOW)
        is_hidden = data.draw(st.booleans())
        state = hiding.hide_new(state, changed, path, NOW + 30) if is_hidden else changed
    shown = hiding.show_due(state, NOW + 30)
    assert hiding.visible(shown, "/v2/droplets") == shown
    for path, _, key in MADE_BY_POST:
        hidden_here = [entry for entry in state.get("hidden", ()) if entry["list"] == path]
        total = {"per_page": "200"}
        _, fewer = handle(hiding.visible(state, path), Request("GET", path, total), NOW)
        _, everything = handle(shown, Request("GET", path, total), NOW)
        assert len(fewer.body[key]) == len(everything.body[key]) - len(hidden_here)


def tag_request(method: str) -> Request:
    if method == "POST":
        return Request("POST", "/v2/tags", {}, {"name": "web"})
    return Request("DELETE", "/v2/tags/web")
