"""What is to be rendered, once a plan has been compared with the account: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra_apply.digitalocean.model import Cluster
from infra_apply.plan.model import DatabasePlan, HostPlan, Plan


@dataclass(frozen=True, slots=True)
class HostDecision:
    """Render this droplet, with ids in place of names and what others did to it respected.

    With `import_id` it is that droplet, whether the state remembers it or not: an update that was
    killed after its create leaves a droplet the state lacks, and the next one would make another.
    """

    host: HostPlan
    ssh_key_ids: tuple[str, ...]
    vpc_id: str | None
    droplet_name: str
    import_id: str | None = None
    ipv6: bool = False


@dataclass(frozen=True, slots=True)
class DatabaseDecision:
    """Render this database and its user on a cluster that exists."""

    database: DatabasePlan
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that is to be rendered; render adds nothing to it.

    `sizes_now` has the size of each host's droplet that is there already.
    """

    plan: Plan
    hosts: tuple[HostDecision, ...]
    databases: tuple[DatabaseDecision, ...]
    sizes_now: Mapping[str, str]

    @property
    def decided_plan(self) -> Plan:
        """The plan with its hosts as they are decided."""
        return replace(self.plan, hosts=tuple(decision.host for decision in self.hosts))
