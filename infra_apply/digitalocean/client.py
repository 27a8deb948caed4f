"""The one DigitalOcean client: it only reads, and its failures say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ResponseError
from urllib3.util import Retry

from infra_apply.errors import Outage, Usage

DEFAULT_ENDPOINT: Final = "https://api.digitalocean.com"


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API is and what opens it. The token is never shown."""

    endpoint: str
    token: str = field(repr=False)


def access(environment: Mapping[str, str], config: Mapping[str, str | None]) -> Access:
    """Find endpoint and token where the DigitalOcean provider does: its config, then environment.

    `config` holds the stack's `digitalocean:token` and `digitalocean:apiEndpoint`, if any.
    Raises Usage without a token.
    """
    token = (
        config.get("token")
        or environment.get("DIGITALOCEAN_TOKEN")
        or environment.get("DIGITALOCEAN_ACCESS_TOKEN")
    )
    endpoint = config.get("apiEndpoint") or environment.get("DIGITALOCEAN_API_URL")
    if not token:
        raise Usage(
            "no DigitalOcean token: neither DIGITALOCEAN_TOKEN nor `digitalocean:token` is set",
            state="nothing was read or changed",
            next_step="export DIGITALOCEAN_TOKEN=..., or rehearse without one: "
            "infra-apply rehearse preview",
        )
    return Access((endpoint or DEFAULT_ENDPOINT).rstrip("/"), token)


class Client:
    """Reads lists and objects, page by page, with a few patient tries."""

    def __init__(self, access: Access, *, tries: int = 4) -> None:
        self._access = access
        # 429 and 5xx pass; 501 does not (the API says it cannot), nor does any other 4xx.
        retry = Retry(
            total=tries - 1,
            backoff_factor=0.5,
            status_forcelist=(429, 500, 502, 503, 504),
            raise_on_status=False,
        )
        self._pool = urllib3.PoolManager(
            retries=retry,
            timeout=urllib3.Timeout(connect=5, read=30),
            headers={"Authorization": f"Bearer {access.token}", "Accept": "application/json"},
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
        """Return one answer's JSON object. Raises Outage."""
        url = f"{self._access.endpoint}{path}"
        try:
            answer = self._pool.request("GET", url, fields=query)
            body = json.loads(answer.data) if answer.data else {}
        except (HTTPError, OSError) as error:
            raise self._unreachable(path, error) from None
        except ValueError:
            raise self._strange(path, "what it said is not JSON") from None
        if answer.status == _UNAUTHORIZED:
            raise Outage(
                f"DigitalOcean does not accept the token (GET {path}: 401)",
                state="nothing was changed",
                next_step="check DIGITALOCEAN_TOKEN, or `digitalocean:token` of the stack",
            )
        if answer.status >= _FIRST_ERROR or not isinstance(body, dict):
            said = body.get("message") if isinstance(body, dict) else None
            raise self._strange(path, f"{answer.status} {said or answer.reason or ''}".strip())
        return body

    def _unreachable(self, path: str, error: Exception) -> Outage:
        reason: object = error.reason if isinstance(error, MaxRetryError) else error
        if isinstance(reason, ResponseError):
            return self._strange(path, str(reason))
        host = urlsplit(self._access.endpoint).netloc
        words = str(reason).rpartition(": ")[2] or type(reason).__name__
        return Outage(
            f"DigitalOcean's API cannot be reached at {host} (GET {path}): {words}",
            state="nothing was changed; it was tried several times",
            next_step="check the network and DIGITALOCEAN_API_URL, then run the same again",
        )

    def _strange(self, path: str, said: str) -> Outage:
        host = urlsplit(self._access.endpoint).netloc
        return Outage(
            f"DigitalOcean's API at {host} answered GET {path} with: {said}",
            state="nothing was changed",
            next_step="run the same again; its status page tells if it is down for everyone",
        )


_UNAUTHORIZED: Final = 401
_FIRST_ERROR: Final = 400
