"""What could be taken over into a stack, as frozen values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.inputs.document import Path
from infra_apply.inputs.settings import located


@dataclass(frozen=True, slots=True, order=True)
class HostProposal:
    """A host of the plan, the id of the droplet that it is already, and how that is known."""

    host: str
    droplet: int
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class MemberProposal:
    """A name that a database, a user or both of a cluster have already, and why it is wanted."""

    cluster: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotProposed:
    """A host that stays out, the droplets that stand in the way, why, and what to do about it."""

    host: str
    droplets: tuple[LiveDroplet, ...]
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What could be taken over, sorted by host, and by cluster and name; and what is not clear."""

    hosts: tuple[HostProposal, ...] = ()
    members: tuple[MemberProposal, ...] = ()
    not_proposed: tuple[NotProposed, ...] = ()

    def additions(self) -> Iterator[tuple[Path, Any]]:
        """Yield the path in a stack file of each setting that is proposed, and its value.

        A list is what the list that stands there already becomes longer by.
        """
        for proposal in self.hosts:
            yield located("hosts", proposal.host, "adopt"), proposal.droplet
        for cluster, names in self.names_by_cluster().items():
            yield located("databases", cluster, "adopt"), names

    def names_by_cluster(self) -> dict[str, list[str]]:
        """Return the names of databases and users that are proposed, by their cluster."""
        names: dict[str, list[str]] = {}
        for proposal in self.members:
            names.setdefault(proposal.cluster, []).append(proposal.name)
        return names
