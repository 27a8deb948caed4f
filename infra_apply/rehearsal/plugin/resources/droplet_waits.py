"""Acting on a droplet and waiting for it, as patiently as the provider does.

It first looks after 10 s and then every 3 s; no setting of the provider shortens that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from infra_apply.rehearsal.plugin.client import NOT_FOUND, ApiError, Client
from infra_apply.rehearsal.plugin.schema import JSON, Failed, Object

FIRST_LOOK, NEXT_LOOK = 10.0, 3.0
LOOKS: Final = 1200
# The provider gives up deleting after a minute.
DELETE_LOOKS: Final = 18


def act(client: Client, identifier: str, doing: str, body: Object) -> JSON:
    try:
        return client.call("POST", f"/v2/droplets/{identifier}/actions", body)["action"]
    except ApiError as error:
        if "already powered off" in str(error):
            return None
        raise Failed(f"Error {doing} droplet ({identifier}): {error}") from error


def finish(client: Client, action: Object) -> None:
    """Wait until an action is completed. Raises Failed if it ends otherwise."""
    client.pause(FIRST_LOOK)
    for _ in range(LOOKS):
        status = client.call("GET", f"/v2/actions/{action['id']}")["action"]["status"]
        if status == "completed":
            return
        if status == "errored":
            raise Failed(f"action {action['id']} errored")
        client.pause(NEXT_LOOK)
    raise Failed("timeout while waiting for state to become 'completed'")


def wait(
    client: Client,
    identifier: str,
    ready: Callable[[Object], bool],
    *,
    looks: int = LOOKS,
    missing_is_early: bool = False,
) -> Object:
    """The droplet once it is unlocked and `ready`. Raises Failed after too many looks."""
    client.pause(FIRST_LOOK)
    for _ in range(looks):
        try:
            droplet: Object = client.call("GET", f"/v2/droplets/{identifier}")["droplet"]
        except ApiError as error:
            if not (missing_is_early and error.status == NOT_FOUND):
                raise Failed(f"Error retrieving droplet: {error}") from error
        else:
            if not droplet["locked"] and ready(droplet):
                return droplet
        client.pause(NEXT_LOOK)
    raise Failed("timeout while waiting for the droplet")
