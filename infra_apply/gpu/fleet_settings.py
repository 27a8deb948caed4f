"""Whose slots are meant, and how long each may live: what the settings of stacks say.

Settings that cannot be used stop a command: who is meant is never guessed, since several fleets
may share an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra_apply import naming
from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.pool import PoolIdentity
from infra_apply.gpu.slot import Slot
from infra_apply.inputs.pulumi_project import Project
from infra_apply.inputs.settings import Settings
from infra_apply.plan.pools import DEFAULT_HOURS
from infra_apply.plan.stack import stack_settings

LONGEST_HOURS: Final = 7 * 24.0
"""The most a slot lives where nothing read says how long its pool's may."""


@dataclass(frozen=True, slots=True)
class HourLimits:
    """The most hours that slots live.

    `of_pool` has what the settings say, by the pool's name in small letters; `of_environment` what
    holds for an environment's other pools; `otherwise` for environments without settings.
    """

    of_pool: Mapping[str, float]
    of_environment: Mapping[str, float]
    otherwise: float = LONGEST_HOURS

    def of(self, slot: Slot) -> float:
        """Return the most hours that a slot lives."""
        of_environment = self.of_environment.get(slot.environment, self.otherwise)
        return self.of_pool.get(slot.pool.lower(), of_environment)


def read_settings(
    pulumi_project: Project, stack: str, *, config_file: Path | None = None
) -> Settings:
    """Read a stack's settings, which must name a fleet.

    Raises Usage if there is no such stack, Refusal where its file does not say whose slots are
    meant: one that is broken or names no fleet.
    """
    settings, diagnostics = stack_settings(pulumi_project, stack, config_file=config_file)
    file = config_file or pulumi_project.stack_file(stack)
    if settings is None:
        place, message = diagnostics[0].place, diagnostics[0].message
        raise Refusal(
            f"{place.path}:{place.line}: {message}; so it is not known whose slots are meant",
            state="nothing was changed",
            next_step=f"mend it; if a GPU must end now: {_REAP}",
        )
    if not settings.names_fleet:
        raise Refusal(
            f"{file} names no fleet, so it is not known whose slots are meant",
            state="nothing was changed",
            next_step="write `infra-apply:fleet: NAME`; slots made without a name are those of "
            f"`{settings.fleet}`",
        )
    return settings


def read_all_settings(pulumi_project: Project) -> tuple[Settings, ...]:
    """Read every stack's settings. Raises as `read_settings`, and Usage if there is none."""
    stacks = pulumi_project.stacks()
    if not stacks:
        raise Usage(
            f"{pulumi_project.stacks_folder} has no stack file to name the fleet", next_step=_NAME
        )
    return tuple(read_settings(pulumi_project, stack) for stack in stacks)


def identity_of(pulumi_project: Project, environment: str, project: str) -> PoolIdentity:
    """Return which pool is meant, from its environment's settings. Raises as `only_fleet`."""
    settings = (
        stack for stack in read_all_settings(pulumi_project) if stack.environment == environment
    )
    return PoolIdentity(only_fleet(settings), environment, naming.instance(project, environment))


def only_fleet(settings: Iterable[Settings]) -> str:
    """Return the fleet that all settings name. Raises Usage where they name several, or none."""
    fleets = sorted({stack.fleet for stack in settings})
    if len(fleets) != 1:
        names = ", ".join(fleets) or "none"
        raise Usage(f"it is not known which fleet is meant; stacks name: {names}", next_step=_NAME)
    return fleets[0]


def hour_limits(settings: Iterable[Settings], otherwise: float = LONGEST_HOURS) -> HourLimits:
    """Return how long slots may live; of several limits for a pool the longest holds."""
    stacks = tuple(settings)
    of_pool: dict[str, float] = {}
    for pool, hours in (limit for stack in stacks for limit in _pool_limits(stack)):
        of_pool[pool] = max(hours, of_pool.get(pool, 0.0))
    return HourLimits(of_pool, {stack.environment: DEFAULT_HOURS for stack in stacks}, otherwise)


def _pool_limits(settings: Settings) -> Iterator[tuple[str, float]]:
    for project, limits in settings.gpu_pools.items():
        pool = naming.instance(project, settings.environment).lower()
        yield pool, limits.max_hours or DEFAULT_HOURS


_NAME: Final = "name it: --fleet NAME"
_REAP: Final = "`infra-apply gpu reap --fleet NAME` reads no settings"
