"""The one DigitalOcean client: it reads, asks and deletes, and its failures say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError
from urllib3.util import Retry as RetryPolicy

from infra_apply.digitalocean.connection import connect
from infra_apply.errors import Ambiguous, Outage, Refusal, Retry, Usage
from infra_apply.inputs import api_endpoint

FOREIGN_ENDPOINT: Final = "INFRA_APPLY_FOREIGN_ENDPOINT"
"""Environment variable: the endpoint that is meant although it is not DigitalOcean's, exactly."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API is and the token that opens it. The token is never shown.

    `source` says what the token was read from, for messages.
    """

    endpoint: str
    token: str = field(repr=False)
    source: str = field(default="DIGITALOCEAN_TOKEN", compare=False)


def find_credentials(environ: Mapping[str, str], config: Mapping[str, str | None]) -> Credentials:
    """Find endpoint and token where the DigitalOcean provider does: its config, then `environ`.

    `config` holds the stack's `digitalocean:token` and `digitalocean:apiEndpoint`, if any.
    Raises Usage without a token, and where it would go over the network in the clear; Refusal where
    it would go to a foreign host, which nobody has confirmed by `FOREIGN_ENDPOINT`.
    """
    places = {
        "`digitalocean:token` of the stack": config.get("token"),
        "DIGITALOCEAN_TOKEN": environ.get("DIGITALOCEAN_TOKEN"),
        "DIGITALOCEAN_ACCESS_TOKEN": environ.get("DIGITALOCEAN_ACCESS_TOKEN"),
    }
    source, token = next(((name, word) for name, word in places.items() if word), ("", ""))
    endpoint = config.get("apiEndpoint") or environ.get("DIGITALOCEAN_API_URL")
    if not token:
        raise Usage(
            "no DigitalOcean token: neither DIGITALOCEAN_TOKEN nor `digitalocean:token` is set",
            state="nothing was read or changed",
            next_step="export DIGITALOCEAN_TOKEN=..., or rehearse without one: "
            "infra-apply rehearse preview",
        )
    endpoint = (endpoint or api_endpoint.DEFAULT).rstrip("/")
    _check_endpoint(endpoint, environ)
    return Credentials(endpoint, token, source)


def _check_endpoint(endpoint: str, environ: Mapping[str, str]) -> None:
    destination = api_endpoint.destination(endpoint)
    if destination == "unsafe":
        raise Usage(
            "the endpoint of the API is no plain https address: the token would be sent in the"
            " clear, or to whoever is meant by it",
            state="nothing was read or changed",
            next_step=_CORRECT_ENDPOINT,
        )
    if destination == "foreign" and environ.get(FOREIGN_ENDPOINT, "").rstrip("/") != endpoint:
        raise Refusal(
            f"the endpoint of the API is at {api_endpoint.host_of(endpoint)}, which is not"
            " DigitalOcean: the token would go there",
            state="nothing was read or changed, and the token was not sent",
            next_step=f"{_CORRECT_ENDPOINT}; if it is meant, set {FOREIGN_ENDPOINT} to the same"
            " address",
        )


_CORRECT_ENDPOINT: Final = (
    "correct DIGITALOCEAN_API_URL, or `digitalocean:apiEndpoint` of the stack"
)


class TokenRefused(Outage):
    """The token is not accepted, or may not do what was asked.

    `answer` is DigitalOcean's, and `status` its number: 401 says that it knows no such token, 403
    that the token lacks a scope. `source` says what the token was read from.
    """

    def __init__(self, request: str, status: int, answer: str, source: str) -> None:
        super().__init__(
            f"DigitalOcean does not accept the token ({request}: {answer})",
            state="nothing was changed",
            next_step=f"check {source}",
        )
        self.request = request
        self.status = status
        self.answer = answer
        self.source = source

    def with_needs(self, scopes: Sequence[str], state: str) -> TokenRefused:
        """Return the same with the scopes that the token needs, and what state things are in."""
        refused = TokenRefused(self.request, self.status, self.answer, self.source)
        refused.state = state
        refused.next_step += f"; its token has to be valid, with the scopes {' '.join(scopes)}"
        return refused


class Client:
    """Reads lists and objects with a few patient tries, and asks and deletes with one.

    Proxies and certificates come from the process's environment (see `connect`).
    """

    def __init__(self, credentials: Credentials, *, tries: int = 4) -> None:
        self._endpoint = credentials.endpoint
        self._host = urlsplit(credentials.endpoint).netloc
        self._token_source = credentials.source
        self._pool = connect(
            credentials.endpoint,
            headers={"Authorization": f"Bearer {credentials.token}", "Accept": "application/json"},
        )
        # 429 and 5xx pass; 501 does not (the API says it cannot), nor does any other 4xx.
        self._patient = RetryPolicy(
            total=tries - 1,
            backoff_factor=0.5,
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
        )

    def list(self, path: str, key: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield every object of a paginated list. Raises Outage."""
        page = 1
        while True:
            body = self.get(path, page=str(page), per_page="200", **query)
            yield from body.get(key) or ()
            pages = (body.get("links") or {}).get("pages") or {}
            if not pages.get("next"):
                return
            page += 1

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return one answer's JSON object. Raises Outage, of which TokenRefused is one."""
        return self._object(path, self._ask("GET", path, self._patient, query))

    def find(self, path: str) -> dict[str, Any] | None:
        """Return one answer's JSON object, None where there is no such thing. Raises Outage."""
        answer = self._ask("GET", path, self._patient, {})
        return None if answer.status == HTTPStatus.NOT_FOUND else self._object(path, answer)

    def exists(self, path: str) -> bool:
        """Ask once whether there is an object; True too where the answer tells nothing.

        Raises TokenRefused.
        """
        try:
            answer = self._ask("GET", path, _ONCE)
        except Outage:
            return True
        self._check_token("GET", path, answer)
        return answer.status != HTTPStatus.NOT_FOUND

    def delete(self, path: str) -> None:
        """Ask once for the end of an object; one that is gone already is no error.

        Raises TokenRefused, Retry where the answer was no, and Ambiguous where none came.
        """
        try:
            answer = self._ask("DELETE", path, _ONCE)
        except Outage as outage:
            raise Ambiguous(outage.message, state="it may be gone or not") from None
        self._check_token("DELETE", path, answer)
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES and answer.status != HTTPStatus.NOT_FOUND:
            raise Retry(_message(answer), state="it is still there")

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Ask once for something to be made or done.

        Raises TokenRefused, Retry where the answer was no, and Ambiguous where none came or the
        server failed.
        """
        try:
            answer = self._ask("POST", path, _ONCE, body=body)
        except Outage as outage:
            raise Ambiguous(outage.message, state="it may be done or not") from None
        self._check_token("POST", path, answer)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Ambiguous(_message(answer), state="it may be done or not")
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Retry(_message(answer), state="it was not done")

    def _ask(
        self,
        method: str,
        path: str,
        retries: RetryPolicy,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> BaseHTTPResponse:
        url = f"{self._endpoint}{path}"
        try:
            return self._pool.request(method, url, fields=query, json=body, retries=retries)
        except (HTTPError, OSError) as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            if isinstance(reason, ResponseError):
                raise self._unhelpful(f"{method} {path}", str(reason)) from None
            words = str(reason).rpartition(": ")[2] or type(reason).__name__
            raise Outage(
                f"DigitalOcean's API cannot be reached at {self._host} ({method} {path}): {words}",
                state="nothing was changed; it was tried several times",
                next_step="check the network and DIGITALOCEAN_API_URL, then run the same again",
            ) from None

    def _check_token(self, method: str, path: str, answer: BaseHTTPResponse) -> None:
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            request = f"{method} {path}"
            raise TokenRefused(request, answer.status, _message(answer), self._token_source)

    def _object(self, path: str, answer: BaseHTTPResponse) -> dict[str, Any]:
        self._check_token("GET", path, answer)
        try:
            body = json.loads(answer.data) if answer.data else {}
        except ValueError:
            raise self._unhelpful(f"GET {path}", "what it said is not JSON") from None
        if answer.status >= HTTPStatus.BAD_REQUEST or not isinstance(body, dict):
            raise self._unhelpful(f"GET {path}", _message(answer))
        return body

    def _unhelpful(self, request: str, answer: str) -> Outage:
        return Outage(
            f"DigitalOcean's API at {self._host} answered {request} with: {answer}",
            state="nothing was changed",
            next_step="run the same again; its status page tells if it is down for everyone",
        )


def _message(answer: BaseHTTPResponse) -> str:
    """Return the status and DigitalOcean's own words, such as "404 gone"."""
    try:
        message = json.loads(answer.data)["message"]
    except (ValueError, KeyError, TypeError):
        message = answer.reason or ""
    return f"{answer.status} {message}".strip()


_ONCE: Final = RetryPolicy(total=0, redirect=0, raise_on_redirect=False, raise_on_status=False)
