"""A host as a component: one droplet, however many services it carries."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_digitalocean as digitalocean

from infra_apply.reconcile.model import HostDecision
from infra_apply.reconcile.state import HOST
from infra_apply.render.firewall import Tags, render_firewall


class Host(pulumi.ComponentResource):
    """`Host <name>` in the tree, with its droplet and its firewall below it.

    Its inputs are what it claims, for the next run to read in the state: its services, each with
    those that call it, and the tags that are ours. Its output `droplet` is the droplet's id, which
    stays when a refresh forgets a droplet that is gone. Its tag is made before the droplet, so that
    the droplet never runs without its firewall.
    """

    def __init__(
        self, decision: HostDecision, tags: Tags, import_firewalls: Mapping[str, str]
    ) -> None:
        host, droplet = decision.host, decision.host.droplet
        claims = {
            "host": host.name,
            "services": {service.name: list(service.callers) for service in host.services},
            "tags": list(decision.own_tags),
        }
        super().__init__(HOST, host.name, claims)
        before = (
            [render_firewall(host.firewall, tags, self, import_firewalls)] if host.firewall else []
        )
        self.droplet = digitalocean.Droplet(
            host.name,
            name=decision.droplet_name,
            region=droplet.region,
            size=droplet.size,
            image=droplet.image,
            ssh_keys=list(decision.ssh_key_ids) or None,
            vpc_uuid=decision.vpc_id,
            backups=droplet.backups or None,
            # The provider keeps user data in the state as it is, unless it is marked here.
            user_data=pulumi.Output.secret(host.user_data) if host.user_data else None,
            tags=list(droplet.tags),
            ipv6=decision.ipv6 or None,
            resize_disk=decision.resize_disk,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=decision.import_id,
                depends_on=before,
                protect=host.protect,
                retain_on_delete=True,
                # Each would replace the droplet, or is never read back (digitalocean-facts).
                ignore_changes=["image", "sshKeys", "userData", "monitoring"],
            ),
        )
        self.register_outputs(
            {
                "public_address": self.droplet.ipv4_address,
                "private_address": self.droplet.ipv4_address_private,
                "droplet": self.droplet.id,
            }
        )
