"""The simulated API over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.rehearsal.harness import FakeClock, Simulator, recorded_account, run_server

DROPLET = {"name": "w", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


def request(
    server: Server,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str = "rehearsal-x",  # noqa: S107
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(method, server.url + path, json=body, headers=headers)
        return answer.status, json.loads(answer.data) if answer.data else None


def logged_requests(server: Server) -> list[Any]:
    return [json.loads(line) for line in server.requests_path.read_text().splitlines()]


def test_what_was_answered_is_in_the_account_file(simulator: Simulator) -> None:
    server = simulator.server
    status, body = request(server, "POST", "/v2/droplets", DROPLET)
    stored = json.loads(server.account_path.read_text())
    assert (status, stored["droplets"][0]) == (202, body["droplet"])
    assert stored == server.state()


def test_the_account_outlives_the_server_and_wins_over_the_seed(tmp_path: Path) -> None:
    with run_server(tmp_path, recorded_account(), FakeClock()) as server:
        request(server, "POST", "/v2/tags", {"name": "kept"})
    with run_server(tmp_path, recorded_account(), FakeClock()) as server:
        assert request(server, "GET", "/v2/tags/kept")[0] == 200


def test_the_account_can_be_edited_while_the_server_runs(simulator: Simulator) -> None:
    server = simulator.server
    server.edit(lambda state: state | {"tags": [{"name": "by-call"}]})
    assert request(server, "GET", "/v2/tags/by-call")[0] == 200
    state = json.loads(server.account_path.read_text())
    server.account_path.write_text(json.dumps(state | {"tags": [{"name": "by-hand"}]}))
    assert request(server, "GET", "/v2/tags/by-hand")[0] == 200
    assert request(server, "GET", "/v2/tags/by-call")[0] == 404


def test_an_account_file_that_an_edit_broke_is_named_until_it_is_mended(tmp_path: Path) -> None:
    with run_server(tmp_path, recorded_account(), FakeClock()) as server:
        good = server.account_path.read_text()
        server.account_path.write_text(good[:-9])
        status, body = request(server, "GET", "/v2/tags")
        assert (status, str(server.account_path) in body["message"]) == (500, True)
        server.account_path.write_text(good)
        assert request(server, "GET", "/v2/tags")[0] == 200
        server.account_path.write_text(json.dumps({**json.loads(good), "tags": [{}]}))
        status, body = request(server, "GET", "/v2/tags")
        assert (status, "something in it has no 'name'" in body["message"]) == (500, True)
        server.account_path.write_text(good)
        assert request(server, "GET", "/v2/tags")[0] == 200


@pytest.mark.parametrize("token", ["", "dop_v1_real", "Rehearsal-x"])
def test_a_token_that_is_not_a_rehearsals_is_401(simulator: Simulator, token: str) -> None:
    server = simulator.server
    status, body = request(server, "GET", "/v2/droplets", token=token)
    assert (status, body["message"]) == (401, "Unable to authenticate you")


def test_a_given_token_is_the_only_one(tmp_path: Path) -> None:
    with run_server(tmp_path, recorded_account(), FakeClock(), token="rehearsal-1") as server:
        statuses = [
            request(server, "GET", "/v2/account", token=token)[0]
            for token in ("rehearsal-1", "rehearsal-2")
        ]
        assert statuses == [200, 401]


def test_requests_are_logged_without_secrets(simulator: Simulator) -> None:
    server = simulator.server
    request(server, "POST", "/v2/droplets?x=1", DROPLET | {"user_data": "PASSWORD=hunter2"})
    text = server.requests_path.read_text()
    assert "hunter2" not in text + server.account_path.read_text()
    assert "rehearsal-x" not in text
    entry = logged_requests(server)[0]
    assert {key: entry[key] for key in ("method", "path", "query", "status")} == {
        "method": "POST",
        "path": "/v2/droplets",
        "query": {"x": "1"},
        "status": 202,
    }
    assert entry["body"]["user_data"].startswith("sha256:")


def test_a_route_that_is_not_modelled_is_remembered(tmp_path: Path) -> None:
    with run_server(tmp_path, recorded_account(), FakeClock()) as server:
        assert request(server, "GET", "/v2/volumes")[0] == 501
        assert request(server, "GET", "/v2/tags")[0] == 200
        assert server.unmodelled == ["GET /v2/volumes"]


def test_a_body_that_is_not_json_is_400(simulator: Simulator) -> None:
    with urllib3.PoolManager() as pool:
        headers = {"Authorization": "Bearer rehearsal-x"}
        answer = pool.request("POST", f"{simulator.server.url}/v2/tags", body=b"{", headers=headers)
        assert answer.status == 400


def test_page_links_lead_back_to_this_server(simulator: Simulator) -> None:
    server = simulator.server
    following = request(server, "GET", "/v2/sizes?per_page=4")[1]["links"]["pages"]["next"]
    assert following.startswith(f"{server.url}/v2/sizes?page=2")


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_a_failed_answer_hides_whether_the_account_acted(
    tmp_path: Path, when: str, count: int
) -> None:
    faults = [Fault(path="/v2/droplets", method="POST", when=when, status=500)]
    with run_server(tmp_path, recorded_account(), FakeClock(), faults=faults) as server:
        assert request(server, "POST", "/v2/droplets", DROPLET)[0] == 500
        assert len(server.state()["droplets"]) == count
        assert request(server, "POST", "/v2/droplets", DROPLET)[0] == 202
        assert [entry["status"] for entry in logged_requests(server)] == [500, 202]


def test_a_dropped_connection_has_no_answer(tmp_path: Path) -> None:
    faults = [Fault(path="/v2/droplets", method="POST", when="after", drop=True)]
    with run_server(tmp_path, recorded_account(), FakeClock(), faults=faults) as server:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            request(server, "POST", "/v2/droplets", DROPLET)
        assert len(server.state()["droplets"]) == 1
        assert (logged_requests(server)[0]["status"], logged_requests(server)[0]["acted"]) == (
            None,
            202,
        )


def test_a_delayed_answer_lets_others_pass(tmp_path: Path) -> None:
    delayed, released = threading.Event(), threading.Event()
    delays, statuses = [], []

    def sleep(seconds: float) -> None:
        delays.append(seconds)
        delayed.set()
        released.wait(20)

    faults = [Fault(path="/v2/tags", delay=0.3)]
    with run_server(
        tmp_path, recorded_account(), FakeClock(), faults=faults, sleep=sleep
    ) as server:
        thread = threading.Thread(
            target=lambda: statuses.append(request(server, "GET", "/v2/tags")[0])
        )
        thread.start()
        assert delayed.wait(20)
        assert request(server, "GET", "/v2/account")[0] == 200
        assert statuses == []
        released.set()
        thread.join()
        assert (statuses, delays) == ([200], [0.3])


def test_requests_at_once_lose_nothing(simulator: Simulator) -> None:
    server = simulator.server
    threads = [
        threading.Thread(target=request, args=(server, "POST", "/v2/droplets", DROPLET))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [droplet["id"] for droplet in json.loads(server.account_path.read_text())["droplets"]]
    assert len(set(ids)) == 20


def test_two_servers_of_one_account_lose_nothing_of_each_other(tmp_path: Path) -> None:
    names = [f"tag-{number}" for number in range(120)]
    with (
        run_server(tmp_path, recorded_account(), FakeClock()) as one,
        run_server(tmp_path, recorded_account(), FakeClock()) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        servers = [one, other] * 60
        made = pool.map(
            lambda s, name: request(s, "POST", "/v2/tags", {"name": name}), servers, names
        )
        assert [status for status, _ in made] == [201] * len(names)
        assert {*names} <= {tag["name"] for tag in one.state()["tags"]}


def test_a_clock_scale_divides_the_waits(tmp_path: Path) -> None:
    clock = FakeClock()
    with run_server(tmp_path, recorded_account(), clock, clock_scale=100.0) as server:
        path = (
            f"/v2/droplets/{request(server, 'POST', '/v2/droplets', DROPLET)[1]['droplet']['id']}"
        )
        clock.now += 0.1
        assert request(server, "GET", path)[1]["droplet"]["status"] == "active"


def test_it_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    with serve(tmp_path, recorded_account()) as server:
        assert server.url.startswith("http://127.0.0.1:")


@pytest.mark.process
def test_a_killed_server_keeps_all_that_it_answered(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from infra_apply.rehearsal.simulator.server import serve\n"
        "from infra_apply.rehearsal.simulator.seed.build import seed\n"
        "with serve(pathlib.Path(sys.argv[1]), seed()) as server:\n"
        "    print(server.url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        remote = Server(url, "", tmp_path / "account.json", tmp_path / "requests.jsonl", [], None)  # type: ignore[arg-type]
        ids = [
            request(remote, "POST", "/v2/droplets", DROPLET)[1]["droplet"]["id"] for _ in range(5)
        ]
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    stored = json.loads((tmp_path / "account.json").read_text())
    assert [droplet["id"] for droplet in stored["droplets"]] == ids


def test_a_page_in_a_browser_that_calls_this_machine_by_its_own_name_is_refused(
    simulator: Simulator,
) -> None:
    port = simulator.server.url.rpartition(":")[2]
    headers = {"Authorization": "Bearer rehearsal-x", "Host": f"rebound.example.com:{port}"}
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{simulator.server.url}/v2/account", headers=headers)
    assert answer.status == 421
    assert logged_requests(simulator.server) == []


@pytest.mark.parametrize("length", ["9" * 30, str(5 << 20), "-1", "many"])
def test_a_body_without_end_is_refused_and_not_read(simulator: Simulator, length: str) -> None:
    port = int(simulator.server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = f"POST /v2/tags HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_passwords_and_user_data_are_in_no_log_however_deep_they_stand(
    simulator: Simulator,
) -> None:
    body = {"name": "x", "tags": [{"password": "hunter2", "user_data": "#!hunter2"}]}
    request(simulator.server, "POST", "/v2/tags", body)
    log = simulator.server.requests_path.read_text()
    assert "hunter2" not in log
    assert log.count("sha256:") == 2


def test_an_account_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    kept = os.umask(0)
    try:
        with run_server(tmp_path / "account", recorded_account(), FakeClock()) as server:
            request(server, "POST", "/v2/tags", {"name": "x"})
    finally:
        os.umask(kept)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "account").iterdir()}
    assert modes == {"account.json": 0o600, "requests.jsonl": 0o600}
    assert (tmp_path / "account").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_body_that_is_nested_without_end_stops_nobody(simulator: Simulator, depth: int) -> None:
    server = simulator.server
    headers = {"Authorization": "Bearer rehearsal-x"}
    with urllib3.PoolManager(retries=False) as pool:
        url = f"{server.url}/v2/tags"
        answer = pool.request("POST", url, body="[" * depth + "]" * depth, headers=headers)
    assert 400 <= answer.status < 500
    assert request(server, "GET", "/v2/tags")[0] == 200
