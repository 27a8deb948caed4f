"""Tags of hosts and pools from before fleets were part of them: kept until no droplet needs them.

A firewall that moved to a new tag before its droplets have it would leave them open to the world.
So the update that gives the droplets their new tags leaves them the former ones, and firewalls
attach to both and admit both; the next update drops what nobody needs any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from infra_apply import naming
from infra_apply.digitalocean.model import Account
from infra_apply.plan.model import FirewallPlan, InboundRule, Plan
from infra_apply.reconcile.recognition import has_tag, owner_in_fleet


def needed_former_tags(plan: Plan, account: Account) -> dict[str, str]:
    """Return tag -> former tag, for those that a droplet of this fleet has in place of the tag."""
    needed = {}
    droplets = [held for held in account.all_droplets if owner_in_fleet(held, plan.fleet)]
    for tag in plan.firewall_tags:
        former = naming.former_tag(plan.fleet, tag)
        if former and any(has_tag(held, former) and not has_tag(held, tag) for held in droplets):
            needed[tag] = former
    return needed


def with_former_tags(firewall: FirewallPlan, needed: Mapping[str, str]) -> FirewallPlan:
    """Return a firewall that attaches to former tags as well, and admits them."""
    return replace(
        firewall,
        former_tag=needed.get(firewall.tag),
        inbound=tuple(_with_former_sources(rule, needed) for rule in firewall.inbound),
    )


def _with_former_sources(rule: InboundRule, needed: Mapping[str, str]) -> InboundRule:
    former = {needed[tag] for tag in rule.tags if tag in needed}
    return replace(rule, tags=tuple(sorted({*rule.tags, *former})))
