"""Every resource type of the plugin, by its type token."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.resources.database import DATABASE_DB, DATABASE_USER
from infra_apply.rehearsal.plugin.resources.droplet import DROPLET
from infra_apply.rehearsal.plugin.resources.firewall import FIREWALL
from infra_apply.rehearsal.plugin.resources.project import PROJECT
from infra_apply.rehearsal.plugin.resources.ssh_key import SSH_KEY
from infra_apply.rehearsal.plugin.resources.tag import TAG
from infra_apply.rehearsal.plugin.resources.vpc import VPC
from infra_apply.rehearsal.plugin.schema import ResourceType

RESOURCES: dict[str, ResourceType] = {
    resource.pulumi_type: resource
    for resource in (DROPLET, FIREWALL, TAG, DATABASE_DB, DATABASE_USER, VPC, SSH_KEY, PROJECT)
}
