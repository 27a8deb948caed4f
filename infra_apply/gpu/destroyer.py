"""The one writer beside the engine: it destroys a droplet by its id, and sees that it is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from infra_apply.digitalocean.client import Access
from infra_apply.errors import Ambiguous, Outage


class Destroyer:
    """Asks for the end of droplets. `pause` waits for seconds between looks."""

    def __init__(self, access: Access, pause: Callable[[float], None]) -> None:
        self._access = access
        self._pause = pause
        self._pool = urllib3.PoolManager(
            retries=Retry(total=0, redirect=0, raise_on_status=False),
            timeout=urllib3.Timeout(connect=5, read=30),
            headers={"Authorization": f"Bearer {access.token}", "Accept": "application/json"},
        )

    def destroy(self, droplet: int) -> None:
        """Destroy a droplet; done when DigitalOcean says that there is none (GET, 404).

        A DELETE that is refused or unanswered is asked again, for about two minutes: one of a
        droplet that is gone does no harm. Raises Outage for a token that may not, and Ambiguous
        when the droplet is still there after all.
        """
        last = ""
        for look in range(_LOOKS):
            if look % _LOOKS_A_TRY == 0:
                status, said = self._ask("DELETE", droplet)
                last = said if status != _DONE else "it said yes"
                self._check(status, said)
            status, said = self._ask("GET", droplet)
            self._check(status, said)
            if status == _NOT_FOUND:
                return
            self._pause(_BETWEEN_LOOKS)
        raise Ambiguous(
            f"droplet {droplet} is still there after {_LOOKS // _LOOKS_A_TRY} requests to "
            f"destroy it; DigitalOcean's last answer: {last}",
            state="it bills",
            next_step="run the same again, or destroy it in DigitalOcean's console",
        )

    def _check(self, status: int, said: str) -> None:
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise Outage(
                f"DigitalOcean does not let this token destroy droplets: {said}",
                state="slots are still there, and bill",
                next_step="use a token with the scope droplet:delete",
            )

    def _ask(self, method: str, droplet: int) -> tuple[int, str]:
        """Return the status, 0 where no answer came, and what was said."""
        try:
            url = f"{self._access.endpoint}/v2/droplets/{droplet}"
            answer = self._pool.request(method, url)
        except (HTTPError, OSError) as error:
            return 0, f"no answer ({type(error).__name__})"
        try:
            said = json.loads(answer.data)["message"]
        except (ValueError, KeyError, TypeError):
            said = answer.reason or ""
        return answer.status, f"{answer.status} {said}".strip()


_DONE: Final = 204
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_LOOKS: Final = 40
_LOOKS_A_TRY: Final = 8
_BETWEEN_LOOKS: Final = 3.0
