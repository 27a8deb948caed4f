"""How many requests an update needs, and when it is slowed down."""

from __future__ import annotations

from infra_apply.apply.pace import pace_of
from tests.apply.steps import step


def test_a_small_fleet_is_made_as_fast_as_it_goes() -> None:
    steps = [step("create", kind, "lime") for kind in ("Droplet", "Firewall", "Tag")]
    pace = pace_of(steps, remembered=0)
    assert (pace.requests, pace.seconds, pace.environ) == (6, 0, {})


def test_a_large_one_keeps_to_what_digitalocean_allows_for_ever() -> None:
    steps = [step("create", "Droplet", str(number)) for number in range(100)]
    pace = pace_of(steps, remembered=0)
    assert pace.requests == 300
    assert pace.seconds == 75
    assert pace.environ == {"DIGITALOCEAN_REQUESTS_PER_SECOND": "4"}


def test_a_rehearsals_clock_makes_it_faster() -> None:
    steps = [step("create", "Droplet", str(number)) for number in range(100)]
    assert pace_of(steps, 0, speed=20).environ == {"DIGITALOCEAN_REQUESTS_PER_SECOND": "80"}


def test_what_the_state_has_is_read_too() -> None:
    unchanged = [step("same", "Droplet", str(number)) for number in range(123)]
    assert pace_of(unchanged, remembered=123).requests == 246


def test_components_need_no_request() -> None:
    assert pace_of([step("create", "Host", "lime")], remembered=0).requests == 0
