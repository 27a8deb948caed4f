"""What the engine does with decisions, as a pure model: creates, imports and lets go.

It shares nothing with reconcile but the types. A create may lose its answer: the thing is made, the
state does not hear of it, and what depends on it is not tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from infra_apply.digitalocean.model import Account, LiveDroplet, LiveFirewall
from infra_apply.reconcile.model import DatabaseDecision, Decisions, HostDecision
from infra_apply.reconcile.state import (
    DATABASE,
    DROPLET,
    FIREWALL,
    GRANTS,
    HOST,
    LOGICAL_DATABASE,
    POOL,
    USER,
    State,
    StateResource,
)
from tests.reconcile.worlds import SIZES, child, component

Loses = Callable[[str], bool]
"""Whether the create of a thing, by its name, loses its answer."""


@dataclass
class World:
    """An account and the state of one stack, as an update finds and leaves them."""

    droplets: list[LiveDroplet] = field(default_factory=list)
    firewalls: list[LiveFirewall] = field(default_factory=list)
    users: set[tuple[str, str]] = field(default_factory=set)
    databases: set[tuple[str, str]] = field(default_factory=set)
    resources: dict[str, StateResource] = field(default_factory=dict)
    next_id: int = 100
    created: int = 0
    deleted: list[str] = field(default_factory=list)
    rendered: set[str] = field(default_factory=set)

    def account(self, basis: Account) -> Account:
        """The account as it is now, over what never changes."""
        return Account(
            clusters=basis.clusters,
            sizes=SIZES,
            droplets=tuple(self.droplets),
            firewalls=tuple(self.firewalls),
            users={name: _names(self.users, name) for name in basis.clusters},
            databases={name: _names(self.databases, name) for name in basis.clusters},
        )

    def state(self) -> State:
        return State(tuple(self.resources.values()))

    def apply(self, decisions: Decisions, loses: Loses = lambda _: False) -> bool:
        """Do what was decided; False if an answer was lost, and then nothing is let go."""
        whole = True
        self.rendered = set()
        for host in decisions.hosts:
            whole &= self._host(host, decisions, loses)
        for database in decisions.databases:
            whole &= self._database(database, loses)
        for pool in decisions.plan.pools:
            parent = self._keep(component(POOL, pool.name))
            if pool.firewall:
                whole &= self._firewall(parent, pool.firewall.name, pool.firewall.tag, loses)
        for retirement in decisions.retirements:
            self._keep(retirement.component)
            for held in retirement.children:
                self._keep(replace(held, protect=False, retain=retirement.fate == "keep"))
        if whole:
            self._let_go()
        return whole

    def _let_go(self) -> None:
        """Delete or forget what the state has and nobody rendered, as the engine does."""
        for urn in [urn for urn in self.resources if urn not in self.rendered]:
            gone = self.resources.pop(urn)
            assert not gone.protect, f"{urn} cannot be deleted because it is protected"
            if gone.id and not gone.retain:
                self.deleted.append(urn.rpartition("::")[2])
                self._delete(gone)

    def _delete(self, gone: StateResource) -> None:
        self.droplets = [live for live in self.droplets if str(live.id) != gone.id]
        self.firewalls = [live for live in self.firewalls if live.id != gone.id]
        on = str(gone.inputs.get("clusterId", "")).removeprefix("id-of-")
        members = {USER: self.users, LOGICAL_DATABASE: self.databases}.get(gone.type, set())
        members.discard((on, gone.id))

    def _host(self, decision: HostDecision, decisions: Decisions, loses: Loses) -> bool:
        host = decision.host
        services = {service.name: list(service.callers) for service in host.services}
        claims = {"host": host.name, "services": services, "tags": list(decision.own_tags)}
        parent = self._keep(component(HOST, host.name, **claims))
        del decisions
        if host.firewall and not self._firewall(
            parent, host.firewall.name, host.firewall.tag, loses
        ):
            return False
        if decision.import_id:
            live = {str(droplet.id) for droplet in self.droplets}
            if not self._has(parent, DROPLET, live):
                self._remember(parent, DROPLET, decision.import_id)
            held = next(
                child
                for child in self.resources.values()
                if child.parent == parent.urn and child.type == DROPLET
            )
            assert held.id == decision.import_id, "the engine would replace it"
        elif not self._has(parent, DROPLET, {str(droplet.id) for droplet in self.droplets}):
            self.next_id += 1
            self.created += 1
            planned = host.droplet
            self.droplets.append(
                LiveDroplet(
                    self.next_id,
                    decision.droplet_name,
                    "active",
                    planned.region,
                    planned.size,
                    planned.tags,
                    (),
                )
            )
            if loses(f"droplet {host.name}"):
                return False
            self._remember(parent, DROPLET, str(self.next_id))
        return True

    def _firewall(self, parent: StateResource, name: str, tag: str, loses: Loses) -> bool:
        live = {firewall.name: firewall.id for firewall in self.firewalls}
        if self._has(parent, FIREWALL, set(live.values())):
            return True
        if name not in live:
            self.next_id += 1
            self.created += 1
            self.firewalls.append(
                LiveFirewall(name, frozenset(), frozenset({tag}), f"fw-{self.next_id}")
            )
            if loses(f"firewall {name}"):
                return False
            live[name] = f"fw-{self.next_id}"
        self._remember(parent, FIREWALL, live[name])
        return True

    def _database(self, decision: DatabaseDecision, loses: Loses) -> bool:
        plan, cluster = decision.database, decision.cluster
        claims: dict[str, Any] = {"clusterId": cluster.id, "name": plan.name, "user": plan.user}
        if decision.logins != (plan.user,):
            claims["logins"] = list(decision.logins)
        parent = self._keep(component(DATABASE, plan.instance, **claims))
        steps = [
            (USER, self.users, plan.user, decision.import_user, plan.instance),
            (LOGICAL_DATABASE, self.databases, plan.name, decision.import_database, plan.instance),
        ]
        if decision.has_second:
            second = f"{plan.user}_2", decision.import_second, f"{plan.instance}#2"
            steps.append((USER, self.users, *second))
        for kind, live, name, import_id, called in steps:
            there = (cluster.name, name) in live
            if not import_id and self._has(parent, kind, {name} if there else set(), called):
                continue
            assert there == bool(import_id), f"{kind} {name} would be answered 409 or 404"
            if not there:
                live.add((cluster.name, name))
                self.created += 1
                if loses(f"{kind} {name}"):
                    return False
            self._keep(child(parent, kind, name, called=called, clusterId=cluster.id, name=name))
        if decision.grants:
            grants = child(parent, GRANTS, f"{cluster.id}/{plan.name}", users=decision.logins)
            self._keep(replace(grants, outputs={"turns": True}))
        return True

    def _keep(self, resource: StateResource) -> StateResource:
        self.resources[resource.urn] = resource
        self.rendered.add(resource.urn)
        return resource

    def _remember(self, parent: StateResource, kind: str, number: str) -> None:
        self._keep(child(parent, kind, number))

    def _has(
        self, parent: StateResource, kind: str, live: set[str], called: str | None = None
    ) -> bool:
        """Whether the state has it and it is there; a refresh drops what is gone."""
        held = next(
            (
                resource
                for resource in self.resources.values()
                if resource.parent == parent.urn
                and resource.type == kind
                and called in {None, resource.name}
            ),
            None,
        )
        if held is not None and held.id in live:
            self.rendered.add(held.urn)
            return True
        return False


def _names(members: set[tuple[str, str]], cluster: str) -> frozenset[str]:
    return frozenset(name for on, name in members if on == cluster)
