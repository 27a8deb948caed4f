"""The provider's configuration: which endpoints it accepts, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2 as pb

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.configuration import (
    ConfigurationError,
    EndpointError,
    client_from_config,
)
from infra_apply.rehearsal.plugin.pace import Pace
from infra_apply.rehearsal.plugin.servicer import Provider
from tests.rehearsal.harness import Aborted, FakeContext

ENV = {
    "DIGITALOCEAN_API_URL": "http://127.0.0.1:1",
    "DIGITALOCEAN_TOKEN": "rehearsal-env",
    "DIGITALOCEAN_HTTP_RETRY_MAX": "2",
    "DIGITALOCEAN_HTTP_RETRY_WAIT_MIN": "0.5",
    "DIGITALOCEAN_HTTP_RETRY_WAIT_MAX": "3",
    "DIGITALOCEAN_REQUESTS_PER_SECOND": "8",
    "INFRA_APPLY_REHEARSAL_CLOCK": "50",
}
CONFIG = {
    "token": "rehearsal-config",
    "httpRetryMax": "0",
    "httpRetryWaitMin": "0.25",
    "httpRetryWaitMax": "9",
    "requestsPerSecond": "4",
}


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


def test_the_environment_is_read_where_the_configuration_says_nothing() -> None:
    client = client_from_config({}, ENV)
    assert (client.token, client.retries, client.clock_scale) == ("rehearsal-env", 2, 50)
    assert (client.wait_min, client.wait_max) == (0.5, 3)
    # Eight requests a second, fifty times as fast.
    assert seconds_between_calls(client) == 1 / 8


def test_the_configuration_wins_over_the_environment() -> None:
    client = client_from_config(CONFIG, ENV)
    assert (client.token, client.retries) == ("rehearsal-config", 0)
    assert (client.wait_min, client.wait_max) == (0.25, 9)
    assert seconds_between_calls(client) == 1 / 4


def test_without_both_it_tries_four_times_more_and_knows_no_limit() -> None:
    client = client_from_config({"apiEndpoint": "http://127.0.0.1"}, {})
    assert (client.retries, client.wait_min, client.wait_max, client.pace) == (4, 1, 30, None)


@pytest.mark.parametrize("number", [0, 0.0, "0", "0.0"])
@pytest.mark.parametrize("prefix", ["", "digitalocean:config:"])
def test_the_engine_may_pass_a_number_as_number_or_text(number: Any, prefix: str) -> None:
    args = Struct()
    args.update({f"{prefix}httpRetryMax": number, "version": "4.84.1"})
    assert configured(pb.ConfigureRequest(args=args)).retries == 0


def test_the_engine_may_pass_a_number_as_a_variable() -> None:
    variables = {"digitalocean:config:httpRetryMax": "1"}
    assert configured(pb.ConfigureRequest(variables=variables)).retries == 1


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
@pytest.mark.parametrize("name", ["httpRetryMax", "httpRetryWaitMin", "requestsPerSecond"])
def test_what_is_no_number_ends_the_configuration_and_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be a number from 0, not '{text}'"):
        client_from_config({name: text}, ENV)
    args = Struct()
    args.update({name: text})
    context: Any = FakeContext()
    with pytest.raises(Aborted, match=name):
        Provider("4.84.1", ENV).Configure(pb.ConfigureRequest(args=args), context)
    assert context.code == grpc.StatusCode.FAILED_PRECONDITION


@given(st.lists(st.floats(0, 1e6), min_size=2))
def test_turns_keep_their_distance_and_nobody_waits_longer_than_for_those_before(
    arrivals: list[float],
) -> None:
    pace, arrivals = Pace(0.5), sorted(arrivals)
    turns = [now + pace.take_turn(now) for now in arrivals]
    assert all(later - earlier >= 0.5 - 1e-6 for earlier, later in pairwise(turns))
    assert all(
        turn <= now + 0.5 * index + 1e-6
        for index, (now, turn) in enumerate(zip(arrivals, turns, strict=True))
    )


def configured(request: pb.ConfigureRequest) -> Client:
    """Return the client that a provider makes when the engine configures it."""
    clients: list[Client] = []

    def connect(config: Mapping[str, str], env: Mapping[str, str]) -> Client:
        clients.append(client_from_config(config, env))
        return clients[0]

    Provider("4.84.1", ENV, connect).Configure(request, FakeContext())  # type: ignore[arg-type]
    return clients[0]


def seconds_between_calls(client: Client) -> float:
    assert client.pace is not None
    client.pace.take_turn(0)
    return client.pace.take_turn(0)
