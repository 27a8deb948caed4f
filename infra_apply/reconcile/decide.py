"""(plan, account) -> decisions or diagnostics. Pure; nothing is registered before it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.codes import Severity
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.live import LiveDroplet
from infra_apply.digitalocean.model import Account, Cluster
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
    def rendered(self) -> Plan:
        """The plan with its hosts as they are decided."""
        decided = {one.host.name: one.host for one in self.hosts}
        return replace(
            self.plan, hosts=tuple(decided.get(one.name, one) for one in self.plan.hosts)
        )


def reconcile(plan: Plan, account: Account) -> tuple[Decisions | None, tuple[Diagnostic, ...]]:
    """Decide what is to be done with each part of a plan; all that stands in the way at once.

    With an error among the diagnostics there are no decisions.
    """
    live = {host.name: _live(host, plan, account) for host in plan.rendered_hosts}
    problems = (*_errors(plan, account), *_warnings(plan, account, live))
    if any(one.severity is Severity.ERROR for one in problems):
        return None, problems
    hosts = tuple(_host(host, live[host.name], account) for host in plan.rendered_hosts)
    databases = tuple(
        DatabaseDecision(database, account.clusters[database.cluster])
        for database in plan.databases
    )
    sizes_now = {name: droplet.size for name, droplet in live.items() if droplet}
    return Decisions(plan, hosts, databases, sizes_now), problems


def _live(host: HostPlan, plan: Plan, account: Account) -> LiveDroplet | None:
    """Recognise a host's droplet: by the id it is adopted by, else by name and owner's tag."""
    found = _ours(host, plan, account)
    if host.adopt is not None:
        found = [one for one in account.droplets if one.id == host.adopt]
    return found[0] if len(found) == 1 else None


def _ours(host: HostPlan, plan: Plan, account: Account) -> list[LiveDroplet]:
    """Find what bears our owner's tag and either the host's name or its tag (renamed outside)."""
    owner, own = naming.owner_tag(plan.fleet, plan.environment), naming.host_tag(host.name)
    return [
        one
        for one in account.droplets
        if owner in one.tags and (one.name == host.name or own in one.tags)
    ]


def _host(host: HostPlan, live: LiveDroplet | None, account: Account) -> HostDecision:
    if live is not None:
        foreign = {tag for tag in live.tags if not naming.is_ours(tag)}
        size = live.size if _larger(live, host, account) else host.size
        host = replace(host, tags=tuple(sorted({*host.tags, *foreign})), size=size)
    decision = HostDecision(
        host=host,
        ssh_key_ids=tuple(str(account.ssh_keys[name]) for name in host.ssh_keys),
        vpc_id=account.vpcs[host.vpc] if host.vpc else None,
        droplet_name=host.name,
        import_id=str(live.id) if live else None,
    )
    return _adopted(decision, live) if live and host.adopt is not None else decision


def _adopted(decision: HostDecision, live: LiveDroplet) -> HostDecision:
    """Keep a droplet as it is wherever its own entry in the settings says nothing else."""
    host, own = decision.host, decision.host.own_keys
    kept = replace(
        host,
        region=host.region if "region" in own else live.region,
        size=host.size if "size" in own else live.size,
        image=host.image if "image" in own else live.image,
        backups=host.backups if "backups" in own else "backups" in live.features,
    )
    return replace(
        decision,
        host=kept,
        vpc_id=decision.vpc_id if "vpc" in own else None,
        droplet_name=live.name,
        ipv6="ipv6" in live.features,
    )


def _larger(live: LiveDroplet, host: HostPlan, account: Account) -> bool:
    """Whether the droplet has more of anything than its plan: it is never made smaller."""
    is_, planned = account.sizes.get(live.size), account.sizes.get(host.size or "")
    if is_ is None or planned is None:
        return False
    return is_.memory > planned.memory or is_.vcpus > planned.vcpus or is_.disk > planned.disk


def _errors(plan: Plan, account: Account) -> Iterator[Diagnostic]:
    for database in plan.databases:
        yield from _cluster(database, account.clusters)
    for host in plan.rendered_hosts:
        for name in host.ssh_keys:
            yield from _known(name, account.ssh_keys, "ssh key", host.place)
        if host.vpc:
            yield from _known(host.vpc, account.vpcs, "VPC", host.place)
        if host.adopt is not None:
            yield from _adoption(host, plan, account)
        else:
            yield from _twice(host, _ours(host, plan, account))


def _twice(host: HostPlan, ours: Sequence[LiveDroplet]) -> Iterator[Diagnostic]:
    if len(ours) > 1:
        ids = ", ".join(str(one.id) for one in sorted(ours, key=lambda one: one.id))
        message = f"`{host.name}` is several droplets, all of this stack: {ids}"
        hint = "look which one is in use, and destroy the others, or remove their tags"
        yield Diagnostic("IA909", host.place, message, hint)


def _adoption(host: HostPlan, plan: Plan, account: Account) -> Iterator[Diagnostic]:
    if all(one.id != host.adopt for one in account.droplets):
        alike = [str(one.id) for one in account.droplets if one.name == host.name]
        message = f"the account has no droplet {host.adopt} for `{host.name}` to adopt"
        hint = f"droplets called `{host.name}`: {', '.join(alike) or 'none'}"
        yield Diagnostic("IA908", host.place, message, hint)
    for other in _ours(host, plan, account):
        if other.id != host.adopt:
            message = f"`{host.name}` is droplet {other.id} already, and would be replaced"
            hint = f"write `adopt: {other.id}`, or remove `adopt`"
            yield Diagnostic("IA908", host.place, message, hint)


def _cluster(database: DatabasePlan, clusters: Mapping[str, Cluster]) -> Iterator[Diagnostic]:
    name = database.cluster
    if name not in clusters:
        there = ", ".join(f"`{one}`" for one in sorted(clusters)) or "none"
        message = f"the account has no database cluster `{name}`; there are: {there}"
        hint = did_you_mean(name, clusters, otherwise="make the cluster first, it is shared")
        yield Diagnostic("IA901", database.place, message, hint)
    elif clusters[name].engine not in _WITH_DATABASES:
        message = (
            f"`{name}` is a {clusters[name].engine} cluster, which has no databases of projects"
        )
        fitting = sorted(one.name for one in clusters.values() if one.engine in _WITH_DATABASES)
        hint = f"name one of {', '.join(fitting)}" if fitting else None
        yield Diagnostic("IA902", database.place, message, hint)


def _known(name: str, known: Mapping[str, object], what: str, place: Place) -> Iterator[Diagnostic]:
    if name not in known:
        message = f"the account has no {what} `{name}`"
        yield Diagnostic("IA903", place, message, did_you_mean(name, known))


def _warnings(
    plan: Plan, account: Account, live: Mapping[str, LiveDroplet | None]
) -> Iterator[Diagnostic]:
    open_hosts = [host for host in plan.rendered_hosts if not (host.firewall or host.adopt)]
    if open_hosts:
        names = ", ".join(f"`{host.name}`" for host in open_hosts)
        message = f"nobody said who may log in, so these hosts get no firewall: {names}"
        hint = "write `infra-apply:network: {ssh: [198.51.100.0/24]}`, with your own range"
        yield Diagnostic("IA905", open_hosts[0].place, message, hint)
    for host in plan.rendered_hosts:
        droplet = live[host.name]
        if droplet is None:
            continue
        own_size = host.adopt is None or "size" in host.own_keys
        if own_size and _larger(droplet, host, account):
            message = f"`{host.name}` is a {droplet.size}, larger than the {host.size} planned"
            hint = f"it stays as it is; write `{host.name}: {{size: {droplet.size}}}` in `hosts`"
            yield Diagnostic("IA904", host.place, message, hint)
        for name in _foreign_firewalls(host, droplet, account):
            message = f"the firewall `{name}`, not made here, is on `{host.name}` too"
            yield Diagnostic("IA906", host.place, message, "what either of them admits is admitted")


def _foreign_firewalls(host: HostPlan, droplet: LiveDroplet, account: Account) -> list[str]:
    own = naming.host_tag(host.name)
    return sorted(
        one.name
        for one in account.firewalls
        if own not in one.tags and (droplet.id in one.droplet_ids or one.tags & {*droplet.tags})
    )


# Engines whose API has logical databases and users of their own (DigitalOcean's OpenAPI).
_WITH_DATABASES: Final = frozenset({"pg", "mysql", "mongodb", "advanced_pg", "advanced_mysql"})
