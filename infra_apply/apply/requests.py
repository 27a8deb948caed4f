"""The request to DigitalOcean that an error message speaks of. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request that failed: `status` is None where no answer came, and `answer` says the rest.

    `path` is that of the URL, as in /v2/droplets.
    """

    method: str
    path: str
    status: int | None
    answer: str

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later: no answer, a 429, or a server's error.

        501 is none of these: the other side says that it cannot do it at all.
        """
        if self.status is None or self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return True
        server_error = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return server_error and self.status != HTTPStatus.NOT_IMPLEMENTED

    @property
    def may_have_made_something(self) -> bool:
        """Whether it may have made an object although it failed: a POST that reached somebody."""
        if self.method != "POST" or not self.may_pass:
            return False
        if self.status is None:
            return not _NEVER_SENT.search(self.answer)
        return self.status != HTTPStatus.TOO_MANY_REQUESTS


def failed_request(message: str) -> FailedRequest | None:
    """Find the request in an error message of the provider or of our program; None if none is.

    godo writes `POST https://host/v2/droplets: 422 (request "id") message` (its
    `ErrorResponse.Error`), Go's HTTP client `Post "https://host/v2/droplets": EOF` (`url.Error`)
    and, after retries, `POST https://host/v2/droplets giving up after 5 attempt(s): ...`
    (go-retryablehttp); our own client writes `... (GET /v2/droplets): timed out` and
    `... answered GET /v2/droplets with: 503 ...`.
    """
    match = _PROVIDERS.search(message) or _OURS.search(message)
    if match is None:
        return None
    answer = " ".join(match["answer"].split())
    status = _STATUS.match(answer)
    text = answer[status.end() :] if status else answer
    return FailedRequest(
        match["method"].upper(),
        urlsplit(match["url"]).path,
        int(status["status"]) if status else None,
        text.strip(),
    )


_METHOD: Final = r"\b(?P<method>GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete)"
_PROVIDERS: Final = re.compile(
    _METHOD + r' "?(?P<url>https?://[^\s"]+?)"?(?:: |(?= giving up after))(?P<answer>.*)',
    re.DOTALL,
)
_OURS: Final = re.compile(
    _METHOD + r" (?P<url>/v2/[^\s):]*)(?: with: |\): )(?P<answer>[^\n]*)", re.DOTALL
)
_STATUS: Final = re.compile(r"(?P<status>[1-5]\d\d)(?: \(request \"[^\"]*\"\))?(?: |$)")
# The connection was never there, so that nothing was asked for (Go's net package, urllib3).
_NEVER_SENT: Final = re.compile(
    r"connection refused|no such host|dial tcp|Failed to resolve|NewConnectionError|"
    r"network is unreachable|no route to host",
    re.IGNORECASE,
)
