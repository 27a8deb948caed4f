"""What the reaper makes of droplets, for tests."""

from __future__ import annotations

from infra_apply.digitalocean.model import LiveDroplet
from infra_apply.gpu.fleet_settings import HourLimits
from infra_apply.gpu.reaper import judge
from tests.gpu.droplets import ADAY, NOW


def verdicts(
    *droplets: LiveDroplet, fleet: str = "acme", now: float = NOW, limits: HourLimits = ADAY
) -> dict[int, str]:
    """The verdict of each droplet that the reaper names, by its id."""
    return {
        judgement.droplet.id: judgement.verdict for judgement in judge(droplets, fleet, limits, now)
    }
