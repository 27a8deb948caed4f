"""Requests, responses and refusals of the simulated account, as plain values.

Shapes are those of DigitalOcean's API v2 (its public OpenAPI description and the
requests of the real Pulumi provider). Nothing here knows HTTP beyond its words.
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
    """One call: `path` is decoded and starts with `/v2/`, `query` has one value a key.

    `origin` is where the caller reached the API; page links and hrefs start with it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: JSON = None
    origin: str = DIGITALOCEAN


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: HTTP status and JSON body (None: no body)."""

    status: int
    body: JSON


@dataclass(frozen=True, slots=True)
class Call:
    """A request that matched a route: `path` holds the values of the route's {names}.

    `now` is in seconds since 1970; `clock` divides the account's own waits.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Object
    now: float
    clock: float
    origin: str
    url: str


Answer: TypeAlias = tuple[State, Response]
Handler: TypeAlias = Callable[[State, Call], Answer]


class Refused(Exception):
    """The API's refusal: HTTP status, the error's `id` and its message."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.response = Response(status, error_body(error, message))


def not_found() -> Refused:
    return Refused(404, "not_found", "The resource you were accessing could not be found.")


def unprocessable(message: str) -> Refused:
    return Refused(422, "unprocessable_entity", message)


def conflict(message: str) -> Refused:
    return Refused(409, "conflict", message)


def forbidden(message: str) -> Refused:
    return Refused(403, "forbidden", message)


def error_body(error: str, message: str) -> Object:
    """Every error body of the API: `{id, message, request_id}`."""
    return {
        "id": error,
        "message": message,
        "request_id": "00000000-0000-4000-8000-000000000000",
    }


def stamp(now: float) -> str:
    """Seconds since 1970 as the API writes a time."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(body: Mapping[str, JSON], key: str) -> str:
    """A required non-empty string of a request's body. Refused (422) when it is not one."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise unprocessable(f"{key} is required and must be a string")
    return value


def texts(body: Mapping[str, JSON], key: str) -> list[str]:
    """A list of strings of a request's body; absent and null are empty. Refused (422) otherwise."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise unprocessable(f"{key} must be an array of strings")
    return list(value)
