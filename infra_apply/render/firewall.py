"""A firewall that attaches by tag, and the tags that must be there before it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.plan.firewalls import ANYWHERE
from infra_apply.plan.model import FirewallPlan, InboundRule

Tags = Mapping[str, digitalocean.Tag]


def render_tag(name: str, parent: pulumi.Resource | None = None) -> digitalocean.Tag:
    """Make a tag: DigitalOcean refuses a firewall that names one it does not know.

    It is kept when it is dropped here, since another stack may use the same one; making a tag
    that exists succeeds (both in the provider's traces).
    """
    opts = pulumi.ResourceOptions(parent=parent, retain_on_delete=True)
    return digitalocean.Tag(name, name=name, opts=opts)


def render_firewall(
    plan: FirewallPlan, tags: Tags, parent: pulumi.Resource, import_ids: Mapping[str, str]
) -> digitalocean.Firewall:
    """Make a firewall with open outbound, once every tag it names is there.

    A former tag is there already. `import_ids` has those to take into the state, by name.
    """
    named = {*plan.tags, *(name for rule in plan.inbound for name in rule.tags)}
    return digitalocean.Firewall(
        plan.resource,
        name=plan.name,
        tags=list(plan.tags),
        inbound_rules=[_inbound(rule) for rule in plan.inbound],
        outbound_rules=[
            digitalocean.FirewallOutboundRuleArgs(
                protocol=protocol, port_range=ports, destination_addresses=list(ANYWHERE)
            )
            for protocol, ports in (("icmp", None), ("tcp", "1-65535"), ("udp", "1-65535"))
        ],
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[tags[name] for name in sorted(named & tags.keys())],
            import_=import_ids.get(plan.name),
        ),
    )


def _inbound(rule: InboundRule) -> digitalocean.FirewallInboundRuleArgs:
    return digitalocean.FirewallInboundRuleArgs(
        protocol=rule.protocol,
        port_range=rule.ports,
        source_addresses=list(rule.addresses) or None,
        source_tags=list(rule.tags) or None,
    )
