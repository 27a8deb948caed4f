"""Every request that the real provider was recorded to make is answered in kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal import traces
from tests.rehearsal.simulator import openapi

needs_traces = pytest.mark.skipif(
    not traces.FILES, reason=f"the recordings are not there: {traces.FOLDER}"
)
needs_description = pytest.mark.skipif(
    not openapi.DOCUMENT.exists(), reason=f"the description is not there: {openapi.DOCUMENT}"
)

# Fields that our answers have and the recorded ones lack, and why.
SHAPE_DEVIATIONS = {
    # The description has it for a tag with a resource.
    "last_tagged_uri",
}

# What the description does not allow, though the recorded answers have it.
ANSWER_DEVIATIONS = {
    "environment: '' is not one of": "a project without an environment shows an empty one",
}


def corrected(body: Any) -> Any:
    """Return a recorded request's body as the description demands it.

    The real provider deviates in these places: `ssh_keys` is null if there are none, icmp rules
    have no `ports`, and trusted sources have their read-only fields, empty. In a recording a
    firewall's name is too short.
    """
    if not isinstance(body, dict):
        return body
    corrected_body = {
        key: item for key, item in body.items() if not (key == "ssh_keys" and item is None)
    }
    for side in ("inbound_rules", "outbound_rules"):
        if corrected_body.get(side):
            corrected_body[side] = [{"ports": "0"} | rule for rule in corrected_body[side]]
    if "rules" in corrected_body:
        read_only = {"uuid", "cluster_uuid", "created_at"}
        corrected_body["rules"] = [
            {key: item for key, item in rule.items() if key not in read_only}
            for rule in corrected_body["rules"]
        ]
    return corrected_body | ({"name": "xx"} if corrected_body.get("name") == "x" else {})


@needs_traces
@pytest.mark.parametrize("name", traces.FILES)
def test_a_recorded_request_has_the_recorded_status_and_shape(name: str) -> None:
    exchanges = traces.replayed(name)
    assert [(exchange.method, exchange.path, exchange.status) for exchange in exchanges] == [
        (exchange.method, exchange.path, exchange.recorded_status) for exchange in exchanges
    ]
    for exchange in exchanges:
        assert shape(exchange.answer) == shape(exchange.recorded), exchange.path


@needs_traces
@needs_description
@pytest.mark.parametrize("name", traces.FILES)
def test_our_answer_to_a_recorded_request_is_as_described(name: str) -> None:
    for exchange in traces.replayed(name):
        if exchange.status < 400:
            problems = openapi.answer_problems(
                exchange.method, exchange.path, exchange.status, exchange.answer
            )
            new = [
                problem
                for problem in problems
                if not any(known in problem for known in ANSWER_DEVIATIONS)
            ]
            assert new == [], f"{exchange.method} {exchange.path}"


@needs_traces
@needs_description
@pytest.mark.parametrize("name", traces.FILES)
def test_a_recorded_request_is_as_described(name: str) -> None:
    for exchange in traces.replayed(name):
        problems = openapi.request_problems(
            exchange.method, exchange.path, corrected(exchange.body)
        )
        assert problems == [], f"{exchange.method} {exchange.path}"


def shape(value: Any) -> Any:
    """Keys and kinds of values; of a list, the shape of its first member."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key not in SHAPE_DEVIATIONS}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__
