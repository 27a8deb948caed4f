"""The plugin's HTTP client, with the retries of the real provider's.

Settings come from the environment that the provider reads: DIGITALOCEAN_API_URL,
DIGITALOCEAN_TOKEN, DIGITALOCEAN_HTTP_RETRY_MAX (4), _WAIT_MIN (1 s), _WAIT_MAX (30 s). Every wait
is divided by INFRA_APPLY_REHEARSAL_CLOCK.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import urllib3

JSON: TypeAlias = Any

LARGEST_PAGE: Final = 200
NOT_IMPLEMENTED, TOO_MANY, NOT_FOUND, FIRST_SERVER_ERROR = 501, 429, 404, 500


class ApiError(Exception):
    """The API refused, or was not reached (`status` 0). The text is what godo would print."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class EndpointError(ValueError):
    """The endpoint is not on this machine: a stand-in never speaks to a real account."""


@dataclass(frozen=True, slots=True)
class Client:
    """Calls to one API; `sleep` waits for seconds of the API's clock."""

    url: str
    token: str
    retries: int = 4
    wait_min: float = 1.0
    wait_max: float = 30.0
    clock: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=32, retries=False)
    )

    def call(
        self, method: str, path: str, body: JSON = None, query: Mapping[str, JSON] | None = None
    ) -> JSON:
        """The decoded answer (None without a body). Raises ApiError.

        429, every 5xx but 501 and lost connections are tried again, a POST too: that is how
        the real provider makes duplicates.
        """
        url = f"{self.url}{quote(path, safe='/:')}" + (f"?{urlencode(query)}" if query else "")
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                response = self.send(method, url, body)
            except urllib3.exceptions.HTTPError as error:
                if last:
                    raise ApiError(0, f"{method} {url}: {error}{self.gave_up()}") from error
                self.pause(self.backoff(attempt, None))
                continue
            if retryable(response.status) and not last:
                self.pause(self.backoff(attempt, response.headers.get("Retry-After")))
                continue
            return self.decoded(method, url, response)
        raise AssertionError("the last attempt returns or raises")

    def listed(self, path: str, key: str, **query: JSON) -> list[JSON]:
        """Every item of a paginated list."""
        items: list[JSON] = []
        number = 1
        while True:
            page = {"page": number, "per_page": LARGEST_PAGE, **query}
            answer = self.call("GET", path, query=page)
            items += answer[key]
            if not (answer.get("links") or {}).get("pages", {}).get("next"):
                return items
            number += 1

    def found(self, path: str, key: str) -> JSON:
        """GET of one thing; None if it is not there. Raises ApiError for any other refusal."""
        try:
            return self.call("GET", path)[key]
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def pause(self, seconds: float) -> None:
        self.sleep(seconds / self.clock)

    def send(self, method: str, url: str, body: JSON) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.pool.request(method, url, body=content, headers=headers)

    def backoff(self, attempt: int, retry_after: str | None) -> float:
        if retry_after and retry_after.isdigit():
            return float(retry_after)
        return min(self.wait_max, self.wait_min * float(2**attempt))

    def decoded(self, method: str, url: str, response: urllib3.BaseHTTPResponse) -> JSON:
        content = json.loads(response.data) if response.data else None
        if response.status < 400:  # noqa: PLR2004
            return content
        answer = content if isinstance(content, dict) else {}
        request = answer.get("request_id")
        where = f'{response.status} (request "{request}")' if request else str(response.status)
        tail = self.gave_up() if retryable(response.status) else ""
        raise ApiError(
            response.status, f"{method} {url}: {where} {answer.get('message', '')}{tail}"
        )

    def gave_up(self) -> str:
        return f"; giving up after {self.retries + 1} attempt(s)" if self.retries else ""


def retryable(status: int) -> bool:
    return status == TOO_MANY or (status >= FIRST_SERVER_ERROR and status != NOT_IMPLEMENTED)


def configured(config: Mapping[str, str], environment: Mapping[str, str]) -> Client:
    """The client of a provider configuration (`apiEndpoint`, `token`) and an environment.

    Raises EndpointError unless the endpoint is on the loopback interface.
    """
    url = config.get("apiEndpoint") or environment.get("DIGITALOCEAN_API_URL") or ""
    check_loopback(url)
    token = config.get("token") or environment.get("DIGITALOCEAN_TOKEN") or ""
    return Client(
        url=url.rstrip("/"),
        token=token,
        retries=int(environment.get("DIGITALOCEAN_HTTP_RETRY_MAX") or 4),
        wait_min=float(environment.get("DIGITALOCEAN_HTTP_RETRY_WAIT_MIN") or 1),
        wait_max=float(environment.get("DIGITALOCEAN_HTTP_RETRY_WAIT_MAX") or 30),
        clock=float(environment.get("INFRA_APPLY_REHEARSAL_CLOCK") or 1),
    )


def check_loopback(url: str) -> None:
    """Raises EndpointError unless `url` names 127.0.0.0/8, ::1 or localhost."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local or parts.scheme not in {"http", "https"}:
        raise EndpointError(
            "this is the rehearsal's stand-in for the DigitalOcean provider, and it speaks only to"
            f" a simulated API on this machine; the endpoint is {url or 'not set'!r}."
            " Set DIGITALOCEAN_API_URL to a loopback address, or use the real provider."
        )
