"""Requests, responses and errors of the simulated API, as plain values.

Shapes are those of DigitalOcean's API v2: its public OpenAPI description, and the requests that the
real Pulumi provider was recorded to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

JSON: TypeAlias = Any
Object: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]

DIGITALOCEAN = "https://api.digitalocean.com"


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `path` is decoded and starts with `/v2/`, `query` has one value a key.

    `origin` is the address at which the client reached the API; links in answers start with it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: JSON = None
    origin: str = DIGITALOCEAN


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP status, a JSON body (None: no body) and headers beside those of every answer."""

    status: int
    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that matched a route: `params` holds the values of the route's {names}.

    `now` is in seconds since 1970. The account's waits are divided by `clock_scale`.
    """

    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Object
    now: float
    clock_scale: float
    origin: str
    path: str


Result: TypeAlias = tuple[State, Response]
Handler: TypeAlias = Callable[[State, Call], Result]
# Called with the account before and after a change that is not written yet. An ErrorResponse that
# it raises refuses the change.
ChangeHook: TypeAlias = Callable[[State, State], None]


class ErrorResponse(Exception):
    """Ends a handler with an error: HTTP status, the error's `id` and its message."""

    def __init__(self, status: int, error_id: str, message: str) -> None:
        super().__init__(message)
        self.response = Response(status, error_body(error_id, message))


def allow_change(_before: State, _after: State) -> None:
    """Do nothing: the change hook of an account that nothing else follows."""


def not_found() -> ErrorResponse:
    return ErrorResponse(404, "not_found", "The resource you were accessing could not be found.")


def unprocessable(message: str) -> ErrorResponse:
    return ErrorResponse(422, "unprocessable_entity", message)


def conflict(message: str) -> ErrorResponse:
    return ErrorResponse(409, "conflict", message)


def forbidden(message: str) -> ErrorResponse:
    return ErrorResponse(403, "forbidden", message)


def error_body(error_id: str, message: str) -> Object:
    """Return the body of an error: `{id, message, request_id}`."""
    return {
        "id": error_id,
        "message": message,
        "request_id": "00000000-0000-4000-8000-000000000000",
    }


def timestamp(now: float) -> str:
    """Write seconds since 1970 as the API writes a time."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def required_string(body: Mapping[str, JSON], key: str) -> str:
    """Return a required, non-empty string of a body. Raises ErrorResponse (422)."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise unprocessable(f"{key} is required and must be a string")
    return value


def string_list(body: Mapping[str, JSON], key: str) -> list[str]:
    """Return a list of strings of a body; absent and null are empty. Raises ErrorResponse (422)."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise unprocessable(f"{key} must be an array of strings")
    return list(value)
