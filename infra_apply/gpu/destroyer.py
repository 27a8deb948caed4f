"""Destroys a droplet by its id, and sees that it is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from infra_apply.digitalocean.client import Client, TokenRefused
from infra_apply.errors import Ambiguous, Retry

ENDING_SCOPES: Final = ("droplet:read", "droplet:delete")
"""The scopes that a token needs to end a droplet."""


class Destroyer:
    """Asks for the end of droplets. `pause` waits for seconds between looks."""

    def __init__(self, client: Client, pause: Callable[[float], None]) -> None:
        self._client = client
        self._pause = pause

    def destroy(self, droplet_id: int) -> None:
        """Destroy a droplet; done when DigitalOcean says that there is none (GET, 404).

        A DELETE that is refused or unanswered is asked again, for about two minutes: one of a
        droplet that is gone does no harm. Raises TokenRefused for a token that may not, and
        Ambiguous when the droplet is still there after all.
        """
        path = f"/v2/droplets/{droplet_id}"
        answer = ""
        for look in range(_LOOKS):
            try:
                if look % _LOOKS_A_TRY == 0:
                    answer = self._delete(path)
                if not self._client.exists(path):
                    return
            except TokenRefused as refused:
                raise refused.with_needs(
                    ENDING_SCOPES, state="slots are still there, and bill"
                ) from None
            self._pause(_BETWEEN_LOOKS)
        raise Ambiguous(
            f"droplet {droplet_id} is still there after {_LOOKS // _LOOKS_A_TRY} requests to "
            f"destroy it; DigitalOcean's last answer: {answer}",
            state="it bills",
            next_step="run the same again, or destroy it in DigitalOcean's console",
        )

    def _delete(self, path: str) -> str:
        """Ask for the end of a droplet; return what came back."""
        try:
            self._client.delete(path)
        except (Retry, Ambiguous) as failure:
            return failure.message
        return "it said yes"


_LOOKS: Final = 40
_LOOKS_A_TRY: Final = 8
_BETWEEN_LOOKS: Final = 3.0  # seconds
