"""Firewalls: hosts that get none, and firewalls of others on our hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.digitalocean.model import Account, LiveDroplet
from infra_apply.plan.model import HostPlan, Plan


def diagnose_firewalls(
    plan: Plan, account: Account, live: Mapping[str, LiveDroplet]
) -> Iterator[Diagnostic]:
    """Report hosts without a firewall, and firewalls of others on hosts that are there.

    `live` has the droplet of each host that is there already.
    """
    yield from _without_firewall([host for host in plan.hosts if not (host.firewall or host.adopt)])
    for host in plan.hosts:
        if host.name in live:
            for name in _foreign(host, live[host.name], account):
                message = f"the firewall `{name}`, not made here, is on `{host.name}` too"
                hint = "what either of them admits is admitted"
                yield Diagnostic("IA906", host.place, message, hint)


def _without_firewall(hosts: list[HostPlan]) -> Iterator[Diagnostic]:
    if hosts:
        names = ", ".join(f"`{host.name}`" for host in hosts)
        message = f"nobody said who may log in, so these hosts get no firewall: {names}"
        hint = "write `infra-apply:network: {ssh: [198.51.100.0/24]}`, with your own range"
        yield Diagnostic("IA905", hosts[0].place, message, hint)


def _foreign(host: HostPlan, droplet: LiveDroplet, account: Account) -> list[str]:
    own = naming.host_tag(host.name)
    return sorted(
        firewall.name
        for firewall in account.firewalls
        if own not in firewall.tags
        and (droplet.id in firewall.droplet_ids or firewall.tags & {*droplet.tags})
    )
