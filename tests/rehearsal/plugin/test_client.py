"""The plugin's HTTP client: what it tries again, and how fast it asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.configuration import client_from_config
from infra_apply.rehearsal.simulator.faults import Fault
from tests.rehearsal.harness import FakeClock, recorded_account, run_server

DROPLET = {"name": "w", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_it_tries_again_with_growing_waits(tmp_path: Path, status: int) -> None:
    clock = FakeClock()
    faults = [Fault(path="/v2/account", times=3, status=status)]
    with run_server(tmp_path, recorded_account(), clock, faults=faults) as server:
        assert client(server.url, clock).call("GET", "/v2/account")["account"]
    assert clock.slept == [1, 2, 4]


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_a_post_whose_answer_was_lost_is_sent_again_and_makes_a_second(
    tmp_path: Path, fault: dict[str, bool | int]
) -> None:
    clock = FakeClock()
    faults = [Fault(path="/v2/droplets", when="after", **fault)]  # type: ignore[arg-type]
    with run_server(tmp_path, recorded_account(), clock, faults=faults) as server:
        client(server.url, clock).call("POST", "/v2/droplets", DROPLET)
        assert len(server.state()["droplets"]) == 2


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (404, 1), (422, 1), (501, 1), (503, 5)])
def test_it_gives_up_on_a_refusal_at_once_and_on_an_outage_after_five(
    tmp_path: Path, status: int, tries: int
) -> None:
    clock = FakeClock()
    faults = [Fault(path="/v2/account", times=9, status=status)]
    with run_server(tmp_path, recorded_account(), clock, faults=faults) as server:
        with pytest.raises(ApiError) as raised:
            client(server.url, clock).call("GET", "/v2/account")
        assert len(server.requests_path.read_text().splitlines()) == tries
    assert raised.value.status == status
    assert str(raised.value).startswith(f"GET {server.url}/v2/account: {status} (request ")
    assert ("giving up after 5 attempt(s)" in str(raised.value)) == (tries == 5)


def test_an_answer_that_is_lost_for_good_is_worded_as_go_words_it(tmp_path: Path) -> None:
    clock = FakeClock()
    faults = [Fault(path="/v2/tags", times=9, drop=True)]
    with run_server(tmp_path, recorded_account(), clock, faults=faults) as server:
        with pytest.raises(ApiError) as raised:
            client(server.url, clock).call("POST", "/v2/tags", {"name": "web"})
        assert str(raised.value) == f'Post "{server.url}/v2/tags": EOF'
        assert server.state()["tags"] == []


def test_an_api_that_is_not_there_is_tried_five_times() -> None:
    clock = FakeClock()
    with pytest.raises(ApiError) as raised:
        client("http://127.0.0.1:9", clock).call("GET", "/v2/account")
    words = "dial tcp 127.0.0.1:9: connect: connection refused"
    assert str(raised.value) == f'Get "http://127.0.0.1:9/v2/account": {words}'
    assert raised.value.status == 0
    assert clock.slept == [1, 2, 4, 8]


def test_it_waits_as_long_as_the_api_says_whose_clock_is_the_rehearsals(tmp_path: Path) -> None:
    clock = FakeClock()
    with run_server(tmp_path, recorded_account(), clock, clock_scale=10.0, limits=True) as server:
        fast = client(server.url, clock, INFRA_APPLY_REHEARSAL_CLOCK="10")
        for _ in range(11):
            assert fast.call("GET", "/v2/account/keys")["ssh_keys"]
    assert clock.slept == [6]


def test_calls_are_no_closer_together_than_the_limit_allows(tmp_path: Path) -> None:
    clock = FakeClock()
    faults = [Fault(path="/v2/account", nth=2, status=500)]
    with run_server(tmp_path, recorded_account(), clock, faults=faults) as server:
        limited = client(server.url, clock, DIGITALOCEAN_REQUESTS_PER_SECOND="4")
        for _ in range(3):
            limited.call("GET", "/v2/account")
    # The second call is tried again after a second, and the third is not late for it.
    assert clock.slept == [0.25, 1]


def client(url: str, clock: FakeClock, **variables: str) -> Client:
    settings = {"DIGITALOCEAN_API_URL": url, "DIGITALOCEAN_TOKEN": "rehearsal-test"} | variables
    return replace(client_from_config({}, settings), sleep=clock.sleep, now=clock)
