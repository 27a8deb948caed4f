"""What is to be rendered, once a plan was compared with account and state: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra_apply.digitalocean.model import Cluster
from infra_apply.plan.model import DatabasePlan, Fate, HostPlan, Isolation, Plan, PoolPlan
from infra_apply.reconcile.state import StateResource
from infra_apply.reconcile.wider_access import WiderAccess


@dataclass(frozen=True, slots=True)
class HostDecision:
    """Render this droplet, with ids in place of names and what others did to it respected.

    `import_id` is the live droplet; it is imported where the state has none. `own_tags` are those
    that are ours to remove again. `resize_disk` is None where nothing is to be said of it.
    """

    host: HostPlan
    ssh_key_ids: tuple[str, ...]
    vpc_id: str | None
    droplet_name: str
    own_tags: tuple[str, ...] = ()
    import_id: str | None = None
    ipv6: bool = False
    resize_disk: bool | None = None


@dataclass(frozen=True, slots=True)
class DatabaseDecision:
    """Render this database and its users on a cluster that exists.

    `logins` are the users that may log in, the one that is given out first; `has_second` says
    whether there is a second user beside the database's own, open or not. The import ids are those
    of users and a database to take into the state, where it has none. `grants` says what keeps
    others out: to be enforced, left as it is, or nothing (None).
    """

    database: DatabasePlan
    cluster: Cluster
    logins: tuple[str, ...]
    has_second: bool = False
    import_user: str | None = None
    import_database: str | None = None
    import_second: str | None = None
    grants: Isolation | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """Render a component from memory, unchanged; `children` are its resources."""

    component: StateResource
    children: tuple[StateResource, ...]


@dataclass(frozen=True, slots=True)
class Retirement:
    """Render a component from memory once more, so that the next update can let go of it.

    `children` are its resources; their protection is lifted, and they are retained if `fate` says
    keep.
    """

    component: StateResource
    children: tuple[StateResource, ...]
    fate: Fate

    @property
    def unprotected(self) -> Remembered:
        """What is rendered once more: all of it, without protection."""
        keeps = self.fate == "keep"
        children = (replace(child, protect=False, retain=keeps) for child in self.children)
        return Remembered(self.component, tuple(children))


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that is to be rendered; render adds nothing to it.

    `sizes_now` has the size of each host's droplet that is there already. `import_firewalls` has
    the ids of live firewalls by name, likewise. `may_exist` names what the last update may
    have made without knowing, and what is to be made now: it is looked for once more before that.
    `quarantined` is rendered from memory as it is, with the `kept_tags` that it needs;
    `kept_outputs` are the stack's outputs of it that are no secrets, by the output's name.
    `looked_up_vpcs` has the id of the VPC of each host that another stack owns, by the host's name.
    `closed_defaults` names the clusters whose default database is closed.
    `wider_access` is what others may reach afterwards and could not when it was last applied.
    """

    plan: Plan
    hosts: tuple[HostDecision, ...]
    databases: tuple[DatabaseDecision, ...]
    pools: tuple[PoolPlan, ...]
    sizes_now: Mapping[str, str]
    import_firewalls: Mapping[str, str] = field(default_factory=dict)
    retirements: tuple[Retirement, ...] = ()
    may_exist: tuple[str, ...] = ()
    quarantined: tuple[Remembered, ...] = ()
    kept_tags: tuple[str, ...] = ()
    kept_outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    looked_up_vpcs: Mapping[str, str] = field(default_factory=dict)
    closed_defaults: tuple[str, ...] = ()
    wider_access: tuple[WiderAccess, ...] = ()

    @property
    def decided_plan(self) -> Plan:
        """The plan with its hosts as they are decided."""
        return replace(self.plan, hosts=tuple(decision.host for decision in self.hosts))
