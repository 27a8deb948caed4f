"""A manifest's `gpu` block and the settings -> the plan of its pool."""

from __future__ import annotations

from typing import Final

from infra_apply import naming
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Gpu, Manifest
from infra_apply.inputs.settings import GpuProfile, PoolLimits, Settings
from infra_apply.plan.firewalls import pool_firewall
from infra_apply.plan.model import PoolPlan

DEFAULT_HOURS: Final = 24.0
"""The most a slot lives where `maxHours` says nothing: a forgotten one costs a day."""


def plan_pool(fleet: Fleet, settings: Settings, manifest: Manifest, gpu: Gpu) -> PoolPlan:
    """Plan the pool of a manifest, whose `gpu` block this is. The fleet has no errors."""
    droplet = gpu.droplet or ""
    profile = settings.gpu_profiles.get(droplet) or GpuProfile(sizes=(droplet,))
    limits = settings.gpu_pools.get(manifest.project) or PoolLimits()
    ssh_keys = settings.droplet.ssh_keys
    return PoolPlan(
        project=manifest.project,
        environment=manifest.environment,
        droplet=droplet,
        sizes=profile.sizes,
        regions=profile.regions,
        max_slots=limits.max_slots,
        max_hours=limits.max_hours or DEFAULT_HOURS,
        image=profile.image,
        ssh_keys=ssh_keys,
        user_data=fleet.user_data.get(profile.user_data_file) if profile.user_data_file else None,
        tags=_tags(settings, manifest),
        budget=limits.budget_per_day,
        firewall=pool_firewall(manifest, settings),
        place=manifest.value("gpu", "droplet"),
        droplet_settings=settings.key("droplet"),
        ssh_key_places=tuple(
            settings.value("droplet", "sshKeys", index) for index in range(len(ssh_keys))
        ),
    )


def _tags(settings: Settings, manifest: Manifest) -> tuple[str, ...]:
    tags = {
        naming.owner_tag(settings.fleet, settings.environment),
        naming.environment_tag(manifest.environment),
        naming.project_tag(manifest.project),
        naming.pool_tag(settings.fleet, *manifest.instance),
    }
    if manifest.database:
        tags.add(naming.cluster_tag(manifest.database.cluster))
    return tuple(sorted(tags))
