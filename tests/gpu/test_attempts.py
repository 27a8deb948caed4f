"""What follows from a round that failed: another place, another try, or an end."""

from __future__ import annotations

import pytest

from infra_apply.engine.events import EngineMessage
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage
from infra_apply.gpu.attempts import Attempts
from infra_apply.gpu.change import Change
from infra_apply.gpu.placement import Place
from infra_apply.gpu.pool import Pool, Remembered, survey
from infra_apply.gpu.recipe import SlotPlan
from tests.gpu.droplets import OWNER, slot

PLACE = Place("gpu-l40sx1-48gb", "tor1", 1.57)
NEW = SlotPlan("aaaaaa", "train-gpu-aaaaaa", "tor1", PLACE.size, "gpu-h100x1-base")
URL = "https://api.example.com/v2/droplets"


def outcome(*said: str) -> Outcome:
    messages = tuple(EngineMessage("error", one, "") for one in said)
    return Outcome(ok=False, steps=(), diagnostics=messages, duration=1, changes={})


def pool(*names: str) -> Pool:
    live = [slot(number, name) for number, name in enumerate(names, 1)]
    return survey("train", OWNER, live, Remembered())


def learned(said: str, *there: str, attempts: Attempts | None = None) -> Attempts:
    found = attempts or Attempts()
    found.learn(outcome(said, "update failed"), Change(create=(NEW,)), pool(*there), PLACE)
    return found


@pytest.mark.parametrize(
    "said",
    [
        f'Error creating droplet: POST {URL}: 422 (request "x") Size is not available',
        f'Error waiting for droplet (7) to become ready: GET {URL}/7: 404 (request "x")',
        "Error waiting for droplet (7): timeout while waiting for state to become 'active'",
    ],
)
def test_a_place_without_room_is_not_tried_again_nor_is_the_id(said: str) -> None:
    found = learned(said)
    assert (found.full, found.ids) == ({("gpu-l40sx1-48gb", "tor1")}, {"aaaaaa"})
    assert found.said == said


def test_digits_of_a_droplet_s_id_are_no_answer() -> None:
    with pytest.raises(Outage):
        learned(f"GET {URL}/4224045: 403 Forbidden; droplet 422 and: 404000001")


def test_a_slot_that_came_all_the_same_blames_no_place() -> None:
    found = learned(f"POST {URL}: EOF", "aaaaaa")
    assert (found.full, found.ids) == (set(), set())


def test_an_outage_is_tried_three_times_and_a_refusal_once() -> None:
    found = learned(f"POST {URL}: 503")
    learned(f"POST {URL}: 429", attempts=found)
    with pytest.raises(Outage, match="503"):
        learned(f"POST {URL}: 503", attempts=found)
    with pytest.raises(Outage, match="401"):
        learned(f"POST {URL}: 401 Unable to authenticate you")
