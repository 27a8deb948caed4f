"""What a pool's new slots are made with: pure, from the checked fleet and the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import SLOT_WITHOUT_KEY, UNKNOWN_KEY_OR_NETWORK
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.gpu_ondemand import IDLE_SLOT, is_bare_image
from infra_apply.gpu.placement import Place, base_image
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.settings import GpuProfile, PoolLimits, Settings

DEFAULT_HOURS: Final = 24.0
"""The most a slot lives where `maxHours` says nothing: a forgotten one costs a day."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One slot to render, new or there: `import_id` is the droplet to take into the state."""

    id: str
    name: str
    region: str
    size: str
    image: str
    ssh_key_ids: tuple[str, ...] = ()
    user_data: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    import_id: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What every new slot of a pool has in common; user data may hold secrets."""

    project: str
    environment: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    image: str | None
    ssh_key_ids: tuple[str, ...]
    user_data: str | None = field(repr=False)
    tags: tuple[str, ...]
    max_slots: int
    max_hours: float

    def slot(self, slot_id: str, place: Place, now: float) -> SlotPlan:
        """Plan one slot; its deadline counts from `now`, and its tags are in the first POST."""
        deadline = int(now + self.max_hours * 3600)
        own = {
            naming.slot_tag(self.project, self.environment, slot_id),
            naming.deadline_tag(deadline),
        }
        return SlotPlan(
            id=slot_id,
            name=naming.slot_droplet(self.project, self.environment, slot_id),
            region=place.region,
            size=place.size,
            image=self.image or base_image(place.size),
            ssh_key_ids=self.ssh_key_ids,
            user_data=self.user_data,
            tags=tuple(sorted({*self.tags, *own})),
        )


def recipe(
    fleet: Fleet, settings: Settings, one: Manifest, ssh_keys: Mapping[str, int]
) -> tuple[Recipe | None, tuple[Diagnostic, ...]]:
    """Return the recipe of a manifest's pool, or what stands in the way of making a slot.

    The fleet has no errors, and the manifest has a pool. `ssh_keys` are the account's, by name.
    """
    named = (one.gpu.droplet if one.gpu else None) or ""
    profile = settings.gpu_profiles.get(named) or GpuProfile(sizes=(named,))
    problems = (*_work(one, profile, named), *_keys(settings, one, ssh_keys))
    if problems:
        return None, problems
    limits = settings.gpu_pools.get(one.project) or PoolLimits()
    made = Recipe(
        project=one.project,
        environment=one.environment,
        sizes=profile.sizes,
        regions=profile.regions,
        image=profile.image,
        ssh_key_ids=tuple(str(ssh_keys[name]) for name in settings.droplet.ssh_keys),
        user_data=fleet.user_data.get(profile.user_data_file) if profile.user_data_file else None,
        tags=_tags(settings, one),
        max_slots=limits.max_slots,
        max_hours=limits.max_hours or DEFAULT_HOURS,
    )
    return made, ()


def _tags(settings: Settings, one: Manifest) -> tuple[str, ...]:
    tags = {
        naming.owner_tag(settings.fleet, settings.environment),
        naming.environment_tag(one.environment),
        naming.project_tag(one.project),
        naming.pool_tag(*one.instance),
    }
    if one.database:
        tags.add(naming.cluster_tag(one.database.cluster))
    return tuple(sorted(tags))


def _work(one: Manifest, profile: GpuProfile, named: str) -> Iterator[Diagnostic]:
    """A profile is checked with the settings; here it is the size that names no profile."""
    if profile.user_data_file is None and is_bare_image(profile.image):
        message = f"a slot made of `{named}` alone would start no work, and bill"
        hint = (
            f"add a profile of that name to the settings: "
            f"`gpu: {{profiles: {{{named}: {{size: {profile.sizes[0]}, userData: FILE}}}}}}`"
        )
        yield Diagnostic(IDLE_SLOT, one.value("gpu", "droplet"), message, hint)


def _keys(settings: Settings, one: Manifest, known: Mapping[str, int]) -> Iterator[Diagnostic]:
    names = settings.droplet.ssh_keys
    if not names:
        message = f"no ssh key is named for the slots of `{one.project}`"
        there = ", ".join(sorted(known)) or "none, add one first"
        hint = f"write `droplet: {{sshKeys: [NAME]}}`; the account has: {there}"
        yield Diagnostic(SLOT_WITHOUT_KEY, settings.key("droplet"), message, hint)
    for index, name in enumerate(names):
        if name not in known:
            message = f"the account has no ssh key `{name}`"
            place = settings.value("droplet", "sshKeys", index)
            yield Diagnostic(UNKNOWN_KEY_OR_NETWORK, place, message, did_you_mean(name, known))
