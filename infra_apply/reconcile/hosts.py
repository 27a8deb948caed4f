"""Hosts: which droplet each one is already, and what its droplet becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import HostPlan, Plan
from infra_apply.reconcile.model import HostDecision


def live_droplets(plan: Plan, account: Account) -> dict[str, LiveDroplet]:
    """Return the droplet of each host that is there already: the one that is meant for certain."""
    candidates = {host.name: _candidates(host, plan, account) for host in plan.hosts}
    return {name: droplets[0] for name, droplets in candidates.items() if len(droplets) == 1}


def diagnose_hosts(
    plan: Plan, account: Account, live: Mapping[str, LiveDroplet]
) -> Iterator[Diagnostic]:
    """Report names the account does not know, droplets that are not clear, and larger ones."""
    for host in plan.hosts:
        for key in host.droplet.ssh_keys:
            yield from _unknown_name(key, account.ssh_keys, "ssh key", host.place)
        if host.droplet.vpc:
            yield from _unknown_name(host.droplet.vpc, account.vpcs, "VPC", host.place)
        if host.adopt is not None:
            yield from _adoption(host, plan, account)
        else:
            yield from _several_droplets(host, _ours(host, plan, account))
        if host.name in live:
            yield from _larger_than_planned(host, live[host.name], account)


def decide_host(host: HostPlan, live: LiveDroplet | None, account: Account) -> HostDecision:
    """Decide what a host's droplet becomes; `live` is the one that is there already."""
    decision = HostDecision(
        host=host if live is None else _respecting(host, live, account),
        ssh_key_ids=tuple(str(account.ssh_keys[name]) for name in host.droplet.ssh_keys),
        vpc_id=account.vpcs[host.droplet.vpc] if host.droplet.vpc else None,
        droplet_name=host.name,
        import_id=str(live.id) if live else None,
    )
    return _adopted(decision, live) if live and host.adopt is not None else decision


def _candidates(host: HostPlan, plan: Plan, account: Account) -> list[LiveDroplet]:
    """Recognise a host's droplet: by the id it is adopted by, else by our tags."""
    if host.adopt is not None:
        return [droplet for droplet in account.droplets if droplet.id == host.adopt]
    return _ours(host, plan, account)


def _ours(host: HostPlan, plan: Plan, account: Account) -> list[LiveDroplet]:
    """Find what bears our owner's tag and either the host's name or its tag (renamed outside)."""
    owner, own = naming.owner_tag(plan.fleet, plan.environment), naming.host_tag(host.name)
    return [
        droplet
        for droplet in account.droplets
        if owner in droplet.tags and (droplet.name == host.name or own in droplet.tags)
    ]


def _respecting(host: HostPlan, live: LiveDroplet, account: Account) -> HostPlan:
    """Keep the tags of others, and a size that is larger than the plan's."""
    foreign = {tag for tag in live.tags if not naming.is_ours(tag)}
    size = live.size if _is_larger(live, host, account) else host.droplet.size
    tags = tuple(sorted({*host.droplet.tags, *foreign}))
    return replace(host, droplet=replace(host.droplet, tags=tags, size=size))


def _adopted(decision: HostDecision, live: LiveDroplet) -> HostDecision:
    """Keep a droplet as it is wherever its own entry in the settings says nothing else."""
    planned, own = decision.host.droplet, decision.host.own_keys
    droplet = replace(
        planned,
        region=planned.region if "region" in own else live.region,
        size=planned.size if "size" in own else live.size,
        image=planned.image if "image" in own else live.image,
        backups=planned.backups if "backups" in own else "backups" in live.features,
    )
    return replace(
        decision,
        host=replace(decision.host, droplet=droplet),
        vpc_id=decision.vpc_id if "vpc" in own else None,
        droplet_name=live.name,
        ipv6="ipv6" in live.features,
    )


def _is_larger(live: LiveDroplet, host: HostPlan, account: Account) -> bool:
    """Whether the droplet has more of anything than its plan: it is never made smaller."""
    now, planned = account.sizes.get(live.size), account.sizes.get(host.droplet.size)
    if now is None or planned is None:
        return False
    return now.memory > planned.memory or now.vcpus > planned.vcpus or now.disk > planned.disk


def _unknown_name(
    name: str, known: Mapping[str, object], what: str, place: Place
) -> Iterator[Diagnostic]:
    if name not in known:
        message = f"the account has no {what} `{name}`"
        yield Diagnostic("IA903", place, message, did_you_mean(name, known))


def _several_droplets(host: HostPlan, ours: Sequence[LiveDroplet]) -> Iterator[Diagnostic]:
    if len(ours) > 1:
        ids = ", ".join(str(number) for number in sorted(droplet.id for droplet in ours))
        message = f"`{host.name}` is several droplets, all of this stack: {ids}"
        hint = "look which one is in use, and destroy the others, or remove their tags"
        yield Diagnostic("IA909", host.place, message, hint)


def _adoption(host: HostPlan, plan: Plan, account: Account) -> Iterator[Diagnostic]:
    if all(droplet.id != host.adopt for droplet in account.droplets):
        alike = [str(droplet.id) for droplet in account.droplets if droplet.name == host.name]
        message = f"the account has no droplet {host.adopt} for `{host.name}` to adopt"
        hint = f"droplets called `{host.name}`: {', '.join(alike) or 'none'}"
        yield Diagnostic("IA908", host.place, message, hint)
    for droplet in _ours(host, plan, account):
        if droplet.id != host.adopt:
            message = f"`{host.name}` is droplet {droplet.id} already, and would be replaced"
            hint = f"write `adopt: {droplet.id}`, or remove `adopt`"
            yield Diagnostic("IA908", host.place, message, hint)


def _larger_than_planned(
    host: HostPlan, live: LiveDroplet, account: Account
) -> Iterator[Diagnostic]:
    size_is_asked_for = host.adopt is None or "size" in host.own_keys
    if size_is_asked_for and _is_larger(live, host, account):
        planned = host.droplet.size
        message = f"`{host.name}` is a {live.size}, larger than the {planned} planned"
        hint = f"it stays as it is; write `{host.name}: {{size: {live.size}}}` in `hosts`"
        yield Diagnostic("IA904", host.place, message, hint)
