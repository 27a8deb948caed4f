"""The rate limits of DigitalOcean, which a rehearsal keeps on request."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.limits import RateLimits
from tests.rehearsal.harness import NOW, FakeClock, recorded_account, run_server

KEYS = "/v2/account/keys"


class Client:
    """Sends requests to limits whose clock is moved by hand."""

    def __init__(self, clock_scale: float = 1.0) -> None:
        self.limits = RateLimits(clock_scale)
        self.now = NOW

    def ask(self, path: str = "/v2/droplets", token: str = "a", method: str = "GET") -> Any:  # noqa: S107
        """Return the refusal of a request, if any, and the headers of its answer."""
        headers, refusal = self.limits.admit(token, method, path, self.now)
        return refusal, {**headers, **(refusal.headers if refusal else {})}


def test_two_hundred_and_fifty_requests_a_minute_are_answered_and_no_more() -> None:
    client = Client()
    for _ in range(250):
        assert client.ask()[0] is None
        client.now += 0.125
    refusal, headers = client.ask()
    assert (refusal.status, refusal.body["id"]) == (429, "too_many_requests")
    assert refusal.body["message"] == "API Rate limit exceeded."
    assert headers == {
        "ratelimit-limit": "5000",
        "ratelimit-remaining": "0",
        "ratelimit-reset": str(int(NOW) + 3600),
        "retry-after": "29",
    }


def test_after_the_seconds_it_names_a_request_is_answered() -> None:
    client = Client()
    for _ in range(250):
        client.ask()
    client.now += 20.5
    seconds = int(client.ask()[1]["retry-after"])
    client.now += seconds - 1
    assert client.ask()[0] is not None
    client.now += 1
    assert client.ask()[0] is None


def test_five_thousand_requests_an_hour_are_answered_and_no_more() -> None:
    client = Client()
    for number in range(5000):
        assert client.ask()[1]["ratelimit-remaining"] == str(4999 - number)
        client.now += 0.5
    refusal, headers = client.ask()
    assert refusal.status == 429
    # DigitalOcean names the seconds to wait only where the minute's limit is the one.
    assert "retry-after" not in headers
    client.now = float(headers["ratelimit-reset"])
    assert client.ask()[0] is None


def test_ssh_keys_are_listed_ten_times_a_minute() -> None:
    client = Client()
    assert [client.ask(KEYS)[0] is None for _ in range(11)] == [True] * 10 + [False]
    assert client.ask(KEYS, method="POST")[0] is None
    assert client.ask()[0] is None


def test_every_token_has_limits_of_its_own() -> None:
    client = Client()
    for _ in range(251):
        client.ask(token="a")
    assert client.ask(token="a")[0] is not None
    assert client.ask(token="b")[0] is None


def test_the_clock_divides_the_times() -> None:
    client = Client(clock_scale=20)
    for _ in range(250):
        client.ask()
    _, headers = client.ask()
    assert (headers["retry-after"], headers["ratelimit-reset"]) == ("3", str(int(NOW) + 180))
    client.now += 3
    assert client.ask()[0] is None


@given(st.lists(st.floats(0, 20), min_size=10, max_size=40))
def test_no_minute_ever_holds_more_than_the_limit(pauses: list[float]) -> None:
    client, answered = Client(), []
    for pause in itertools.islice(itertools.cycle(pauses), 400):
        client.now += pause / 20
        if client.ask(KEYS)[0] is None:
            answered.append(client.now)
    assert all(later - first >= 60 for first, later in zip(answered, answered[10:], strict=False))


@pytest.mark.parametrize("limits", [True, False])
def test_every_answer_carries_the_limits_where_they_are_kept(tmp_path: Path, limits: bool) -> None:
    faults = [Fault(path="/v2/tags", status=503)]
    with (
        run_server(
            tmp_path, recorded_account(), FakeClock(), faults=faults, limits=limits
        ) as server,
        urllib3.PoolManager(retries=False) as pool,
    ):
        for path, status in [("/v2/account", 200), ("/v2/tags", 503), ("/v2/droplets/1", 404)]:
            answer = pool.request(
                "GET", server.url + path, headers={"Authorization": "Bearer rehearsal-x"}
            )
            assert answer.status == status
            assert ("ratelimit-remaining" in answer.headers) == limits


def test_a_request_beyond_the_limit_has_no_effect_and_is_logged(tmp_path: Path) -> None:
    with (
        run_server(tmp_path, recorded_account(), FakeClock(), limits=True) as server,
        urllib3.PoolManager(retries=False) as pool,
    ):
        statuses = [
            pool.request(
                "POST",
                f"{server.url}/v2/tags",
                json={"name": f"t{number}"},
                headers={"Authorization": "Bearer rehearsal-x"},
            ).status
            for number in range(251)
        ]
        assert statuses == [201] * 250 + [429]
        assert len(server.state()["tags"]) == 250
        assert server.requests_path.read_text().splitlines()[-1].endswith('"status": 429}')
