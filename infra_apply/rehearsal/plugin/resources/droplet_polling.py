"""Starting actions on a droplet and polling until they are completed.

The real provider first asks after 10 s and then every 3 s; it has no setting for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from infra_apply.rehearsal.plugin.client import NOT_FOUND, ApiError, Client
from infra_apply.rehearsal.plugin.errors import ProviderError
from infra_apply.rehearsal.plugin.values import JSON, Object

# Seconds.
FIRST_POLL, POLL_INTERVAL = 10.0, 3.0
MAX_POLLS: Final = 1200
# The provider gives up deleting after a minute.
MAX_DELETE_POLLS: Final = 18


def start_action(client: Client, identifier: str, doing: str, body: Object) -> JSON:
    """Start an action; None if the droplet is off already. `doing` is for the error's text.

    Raises ProviderError.
    """
    try:
        return client.call("POST", f"/v2/droplets/{identifier}/actions", body)["action"]
    except ApiError as error:
        if "already powered off" in str(error):
            return None
        raise ProviderError(f"Error {doing} droplet ({identifier}): {error}") from error


def wait_for_action(client: Client, action: Object) -> None:
    """Wait until an action is completed. Raises ApiError and ProviderError."""
    client.pause(FIRST_POLL)
    for _ in range(MAX_POLLS):
        status = client.call("GET", f"/v2/actions/{action['id']}")["action"]["status"]
        if status == "completed":
            return
        if status == "errored":
            raise ProviderError(f"action {action['id']} errored")
        client.pause(POLL_INTERVAL)
    raise ProviderError("timeout while waiting for state to become 'completed'")


def wait_for_droplet(
    client: Client,
    identifier: str,
    ready: Callable[[Object], bool],
    *,
    max_polls: int = MAX_POLLS,
    missing_is_early: bool = False,
) -> Object:
    """Return the droplet once it is unlocked and `ready`. Raises ProviderError.

    With `missing_is_early` a 404 means that the droplet is not listed yet.
    """
    client.pause(FIRST_POLL)
    for _ in range(max_polls):
        try:
            droplet: Object = client.call("GET", f"/v2/droplets/{identifier}")["droplet"]
        except ApiError as error:
            if not (missing_is_early and error.status == NOT_FOUND):
                raise ProviderError(f"Error retrieving droplet: {error}") from error
        else:
            if not droplet["locked"] and ready(droplet):
                return droplet
        client.pause(POLL_INTERVAL)
    raise ProviderError("timeout while waiting for the droplet")
