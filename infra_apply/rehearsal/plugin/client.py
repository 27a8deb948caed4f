"""The plugin's HTTP client, which retries like the real provider's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from infra_apply.rehearsal.plugin.pace import Pace
from infra_apply.rehearsal.plugin.values import JSON

MAX_PAGE_SIZE: Final = 200
NOT_IMPLEMENTED, TOO_MANY, NOT_FOUND, FIRST_SERVER_ERROR = 501, 429, 404, 500


class ApiError(Exception):
    """The API answered with an error, or was not reached (`status` 0); worded as godo words it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Client:
    """Calls an API.

    Waits are seconds of the simulated API's time: what `sleep` is given is divided by
    `clock_scale`. `pace` limits the calls, and not what is sent again, as in the real provider;
    `now` is its clock.
    """

    url: str
    token: str
    retries: int = 4
    wait_min: float = 1.0
    wait_max: float = 30.0
    clock_scale: float = 1.0
    pace: Pace | None = None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=32, retries=False)
    )

    def call(
        self, method: str, path: str, body: JSON = None, query: Mapping[str, JSON] | None = None
    ) -> JSON:
        """Return the decoded body (None without one). Raises ApiError.

        429, every 5xx but 501 and lost connections are tried again, a POST too, as in the real
        provider: a POST whose answer was lost creates a duplicate.
        """
        url = f"{self.url}{quote(path, safe='/:')}" + (f"?{urlencode(query)}" if query else "")
        if self.pace and (wait := self.pace.take_turn(self.now())):
            self.sleep(wait)
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                response = self._send(method, url, body)
            except urllib3.exceptions.HTTPError as error:
                if last:
                    words = f'{method.capitalize()} "{url}": {_words_of_go(error, url)}'
                    raise ApiError(0, words) from error
                self.pause(self._backoff(attempt))
                continue
            if _is_retryable(response.status) and not last:
                self._wait_again(attempt, response.headers.get("Retry-After"))
                continue
            return self._decode(method, url, response)
        raise AssertionError("the last attempt returns or raises")

    def list_all(self, path: str, key: str, **query: JSON) -> list[JSON]:
        """Return every item of a paginated list. Raises ApiError."""
        items: list[JSON] = []
        number = 1
        while True:
            page_query = {"page": number, "per_page": MAX_PAGE_SIZE, **query}
            answer = self.call("GET", path, query=page_query)
            items += answer[key]
            if not (answer.get("links") or {}).get("pages", {}).get("next"):
                return items
            number += 1

    def get_or_none(self, path: str, key: str) -> JSON:
        """Return what a path names; None for 404. Raises ApiError for any other error."""
        try:
            return self.call("GET", path)[key]
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def pause(self, seconds: float) -> None:
        """Wait for seconds of the simulated API's time."""
        self.sleep(seconds / self.clock_scale)

    def _send(self, method: str, url: str, body: JSON) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.pool.request(method, url, body=content, headers=headers)

    def _wait_again(self, attempt: int, retry_after: str | None) -> None:
        # What the API names is real time: the rehearsal's clock is in it already.
        if retry_after and retry_after.isdigit():
            self.sleep(float(retry_after))
        else:
            self.pause(self._backoff(attempt))

    def _backoff(self, attempt: int) -> float:
        return min(self.wait_max, self.wait_min * float(2**attempt))

    def _decode(self, method: str, url: str, response: urllib3.BaseHTTPResponse) -> JSON:
        content = json.loads(response.data) if response.data else None
        if response.status < 400:  # noqa: PLR2004
            return content
        error = content if isinstance(content, dict) else {}
        request_id = error.get("request_id")
        status = f'{response.status} (request "{request_id}")' if request_id else response.status
        retried = self._gave_up() if _is_retryable(response.status) else ""
        raise ApiError(
            response.status, f"{method} {url}: {status} {error.get('message', '')}{retried}"
        )

    def _gave_up(self) -> str:
        return f"; giving up after {self.retries + 1} attempt(s)" if self.retries else ""


def _words_of_go(error: urllib3.exceptions.HTTPError, url: str) -> str:
    """Word a lost connection as Go's net/http does, which the real provider uses."""
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return f"dial tcp {urlsplit(url).netloc}: connect: connection refused"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        # RemoteDisconnected, the end of the stream, is a ConnectionResetError in Python.
        kinds = {type(cause) for cause in error.args}
        return "read: connection reset by peer" if ConnectionResetError in kinds else "EOF"
    return str(error)


def _is_retryable(status: int) -> bool:
    return status == TOO_MANY or (status >= FIRST_SERVER_ERROR and status != NOT_IMPLEMENTED)
