"""The plugin's HTTP client: which endpoints it accepts, and what it tries again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.rehearsal.plugin.client import ApiError, Client, EndpointError, client_from_config
from infra_apply.rehearsal.simulator.faults import Fault
from tests.rehearsal.harness import FakeClock, recorded_account, run_server

DROPLET = {"name": "w", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://api.digitalocean.com",
        "http://192.168.1.1:80",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://0.0.0.0:80",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
    ],
)
def test_it_refuses_every_endpoint_that_is_not_on_this_machine(url: str) -> None:
    with pytest.raises(EndpointError, match="speaks only to a simulated API on this machine"):
        client_from_config({}, {"DIGITALOCEAN_API_URL": url})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]:1", "http://localhost:1/"]
)
def test_it_accepts_every_endpoint_on_this_machine(url: str) -> None:
    assert client_from_config({"apiEndpoint": url}, {}).url == url.rstrip("/")


def test_settings_come_from_the_environment_and_configuration_wins() -> None:
    client = client_from_config(
        {"token": "rehearsal-config"},
        {
            "DIGITALOCEAN_API_URL": "http://127.0.0.1:1",
            "DIGITALOCEAN_TOKEN": "rehearsal-env",
            "DIGITALOCEAN_HTTP_RETRY_MAX": "2",
            "DIGITALOCEAN_HTTP_RETRY_WAIT_MIN": "0.5",
            "DIGITALOCEAN_HTTP_RETRY_WAIT_MAX": "3",
            "INFRA_APPLY_REHEARSAL_CLOCK": "50",
        },
    )
    assert (client.token, client.retries, client.clock_scale) == ("rehearsal-config", 2, 50.0)
    assert (client.wait_min, client.wait_max) == (0.5, 3.0)


def test_no_retries_can_be_asked_for() -> None:
    settings = {"DIGITALOCEAN_API_URL": "http://127.0.0.1", "DIGITALOCEAN_HTTP_RETRY_MAX": "0"}
    assert client_from_config({}, settings).retries == 0


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


def test_an_api_that_is_not_there_is_tried_five_times() -> None:
    clock = FakeClock()
    with pytest.raises(ApiError, match=r"giving up after 5 attempt\(s\)"):
        client("http://127.0.0.1:9", clock).call("GET", "/v2/account")
    assert clock.slept == [1, 2, 4, 8]


def client(url: str, clock: FakeClock) -> Client:
    settings = {"DIGITALOCEAN_API_URL": url, "DIGITALOCEAN_TOKEN": "rehearsal-test"}
    return replace(client_from_config({}, settings), sleep=clock.sleep)
