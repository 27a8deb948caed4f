"""What one slot of a pool is, new or there: pure, from the pool's plan and the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from infra_apply import naming
from infra_apply.diagnostics.cloud_codes import SLOT_WITHOUT_KEY, UNKNOWN_KEY_OR_NETWORK
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.fleet.rules.gpu_ondemand import idle_slot, is_bare_image
from infra_apply.gpu.placement import Placement, base_image
from infra_apply.gpu.pool import PoolIdentity, Remembered, survey
from infra_apply.gpu.slot import Slot
from infra_apply.plan.model import PoolPlan


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """One slot to render: what its droplet is made with; user data may hold secrets.

    `import_id` is the droplet to take into the state, where it is there already.
    """

    id: str
    name: str
    region: str
    size: str
    image: str
    ssh_key_ids: tuple[str, ...] = ()
    user_data: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    import_id: int | None = None


def new_slot(  # noqa: PLR0913, PLR0917 - whose slot, which, and what it is made with
    fleet: str,
    plan: PoolPlan,
    slot_id: str,
    placement: Placement,
    ssh_keys: Mapping[str, int],
    now: float,
) -> SlotSpec:
    """Return what a new slot is made with; all its tags are in the first POST.

    Its deadline counts from `now` (seconds since 1970). `ssh_keys` are the ids of the account's
    keys by name, and hold every key of the plan: see `problems_of_new_slots`.
    """
    tags = {
        *plan.tags,
        naming.slot_tag(fleet, plan.name, slot_id),
        naming.deadline_tag(int(now + plan.max_hours * 3600)),
    }
    return SlotSpec(
        id=slot_id,
        name=naming.slot_droplet(plan.project, plan.environment, slot_id),
        region=placement.region,
        size=placement.size,
        image=plan.image or base_image(placement.size),
        ssh_key_ids=tuple(str(ssh_keys[name]) for name in plan.ssh_keys),
        user_data=plan.user_data,
        tags=tuple(sorted(tags)),
    )


def existing_slot(slot: Slot, *, adopt: bool) -> SlotSpec:
    """Return a live slot as it is; with `adopt` its droplet is taken into the state."""
    droplet = slot.droplet
    return SlotSpec(
        id=slot.id,
        name=droplet.name,
        region=droplet.region,
        size=droplet.size,
        image=base_image(droplet.size),  # asked for by the SDK, and ignored: see render.slots
        tags=droplet.tags,
        import_id=droplet.id if adopt else None,
    )


def current_slots(
    gpu_droplets: Iterable[LiveDroplet], identity: PoolIdentity
) -> tuple[tuple[SlotSpec, ...], tuple[str, ...]]:
    """Return a pool's slots as the account has them, for a preview; and what cannot be shown.

    An import of what the state has already is no change. Where two droplets have one id it is not
    known which of them the state has, so that neither is imported.
    """
    pool = survey(identity, gpu_droplets, Remembered())
    doubled = {slot.id for slot in pool.extras}
    problems = tuple(
        f"slot {slot_id} has more than one droplet; `infra-apply gpu scale` ends the second"
        for slot_id in sorted(doubled)
    )
    return tuple(existing_slot(slot, adopt=slot.id not in doubled) for slot in pool.slots), problems


def problems_of_new_slots(plan: PoolPlan, ssh_keys: Mapping[str, int]) -> tuple[Diagnostic, ...]:
    """Return what stands in the way of making slots; `ssh_keys` are the account's, by name."""
    return (*_no_work(plan), *_ssh_key_problems(plan, ssh_keys))


def _no_work(plan: PoolPlan) -> Iterator[Diagnostic]:
    """A warning of the fleet stands in the way of a slot: it would only bill."""
    if plan.user_data is None and is_bare_image(plan.image):
        yield idle_slot(plan.droplet, plan.sizes, plan.place)


def _ssh_key_problems(plan: PoolPlan, ssh_keys: Mapping[str, int]) -> Iterator[Diagnostic]:
    if not plan.ssh_keys:
        message = f"no ssh key is named for the slots of `{plan.project}`"
        names = ", ".join(sorted(ssh_keys)) or "none, add one first"
        hint = f"write `droplet: {{sshKeys: [NAME]}}`; the account has: {names}"
        yield Diagnostic(SLOT_WITHOUT_KEY, plan.droplet_settings, message, hint)
    for name, place in zip(plan.ssh_keys, plan.ssh_key_places, strict=True):
        if name not in ssh_keys:
            message = f"the account has no ssh key `{name}`"
            yield Diagnostic(UNKNOWN_KEY_OR_NETWORK, place, message, did_you_mean(name, ssh_keys))
