"""DigitalOcean's rate limits (OpenAPI, "Rate Limit"): for each token, over a time that slides.

An answer carries `ratelimit-limit` and `ratelimit-remaining` (requests an hour) and
`ratelimit-reset` (when the oldest request stops counting, in seconds since 1970). A request beyond
a limit is answered 429 and does not count. Where the hour's limit is not the one, nothing remains
either, and `retry-after` says how many seconds to wait.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra_apply.rehearsal.simulator.account.messages import Response, error_body


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds; `request` is the only one it counts (None: all)."""

    count: int
    seconds: int
    request: tuple[str, str] | None = None


HOUR: Final = Limit(5000, 3600)
LIMITS: Final = (HOUR, Limit(250, 60), Limit(10, 60, ("GET", "/v2/account/keys")))


class RateLimits:
    """The requests that count, since this server began; every time is divided by the scale."""

    def __init__(self, clock_scale: float) -> None:
        self._scale = clock_scale
        self._counted: defaultdict[tuple[str, Limit], list[float]] = defaultdict(list)

    def admit(
        self, token: str, method: str, path: str, now: float
    ) -> tuple[Mapping[str, str], Response | None]:
        """Count a request: the headers of its answer, and that answer (429) if it is too many."""
        applying = [limit for limit in LIMITS if limit.request in {None, (method, path)}]
        for limit in applying:
            times = self._counted[token, limit]
            times[:] = [at for at in times if at > now - limit.seconds / self._scale]
        for limit in applying:
            times = self._counted[token, limit]
            if len(times) >= limit.count:
                return self._headers(token, now), self._refuse(limit, times[0], now)
        for limit in applying:
            self._counted[token, limit].append(now)
        return self._headers(token, now), None

    def _headers(self, token: str, now: float) -> dict[str, str]:
        times = self._counted[token, HOUR]
        reset = (times[0] if times else now) + HOUR.seconds / self._scale
        return {
            "ratelimit-limit": str(HOUR.count),
            "ratelimit-remaining": str(HOUR.count - len(times)),
            "ratelimit-reset": str(math.ceil(reset)),
        }

    def _refuse(self, limit: Limit, oldest: float, now: float) -> Response:
        body = error_body("too_many_requests", "API Rate limit exceeded.")
        if limit == HOUR:
            return Response(429, body)
        seconds = math.ceil(oldest + limit.seconds / self._scale - now)
        return Response(429, body, {"ratelimit-remaining": "0", "retry-after": str(seconds)})
