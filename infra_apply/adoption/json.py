"""Proposals as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from infra_apply.adoption.model import NotProposed, Proposals
from infra_apply.digitalocean.model import LiveDroplet


def as_json(proposals: Proposals, stack: str, written: str | None) -> dict[str, Any]:
    """Return `{"version": 1, "stack", "written", "hosts", "databases", "not_proposed"}`.

    `written` is the file that the proposals were written into, else null. Ages are the time at
    which a droplet was made, in ISO 8601, null where the account does not say.
    """
    return {
        "version": 1,
        "stack": stack,
        "written": written,
        "hosts": [
            {"name": host.host, "adopt": host.droplet, "reason": host.reason}
            for host in proposals.hosts
        ],
        "databases": [
            {"cluster": member.cluster, "adopt": member.name, "reason": member.reason}
            for member in proposals.members
        ],
        "not_proposed": [_not_proposed(problem) for problem in proposals.not_proposed],
    }


def _not_proposed(problem: NotProposed) -> dict[str, Any]:
    return {
        "host": problem.host,
        "droplets": [_droplet(droplet) for droplet in problem.droplets],
        "reason": problem.reason,
        "next_step": problem.next_step,
    }


def _droplet(droplet: LiveDroplet) -> dict[str, Any]:
    made_at = droplet.made_at
    return {
        "id": droplet.id,
        "name": droplet.name,
        "addresses": list(droplet.addresses),
        "made_at": None if made_at is None else datetime.fromtimestamp(made_at, UTC).isoformat(),
    }
