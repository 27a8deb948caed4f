"""What follows from a round that failed: another place, another try, or an end."""

from __future__ import annotations

import pytest

from infra_apply.engine.events import EngineMessage
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage
from infra_apply.gpu.attempts import CHANGED_MEANWHILE, Attempts, error_text
from infra_apply.gpu.change import Change
from infra_apply.gpu.placement import Placement
from infra_apply.gpu.pool import Pool, Remembered, survey
from infra_apply.gpu.slot_spec import SlotSpec
from tests.gpu.droplets import TRAIN, slot

PLACEMENT = Placement("gpu-l40sx1-48gb", "tor1", 1.57)
NEW = SlotSpec("aaaaaa", "train-gpu-aaaaaa", "tor1", PLACEMENT.size, "gpu-h100x1-base")
URL = "https://api.example.com/v2/droplets"


def failed(*errors: str) -> Outcome:
    messages = tuple(EngineMessage("error", error, "") for error in errors)
    return Outcome(ok=False, steps=(), diagnostics=messages, duration=1, changes={})


def pool(*names: str) -> Pool:
    live = [slot(number, name) for number, name in enumerate(names, 1)]
    return survey(TRAIN, live, Remembered())


def recorded(error: str, *slots: str, attempts: Attempts | None = None) -> Attempts:
    """Record that the slot `NEW` was to be made, and which slots there are after the error."""
    attempts = attempts or Attempts()
    change = Change(create=(NEW,))
    attempts.record(failed(error, "update failed"), change, pool(*slots), PLACEMENT)
    return attempts


@pytest.mark.parametrize(
    "error",
    [
        f'Error creating droplet: POST {URL}: 422 (request "x") Size is not available',
        f'Error waiting for droplet (7) to become ready: GET {URL}/7: 404 (request "x")',
        "Error waiting for droplet (7): timeout while waiting for state to become 'active'",
    ],
)
def test_a_place_without_room_is_not_tried_again_nor_is_the_id(error: str) -> None:
    attempts = recorded(error)
    assert (attempts.without_room, attempts.failed_ids) == (
        {("gpu-l40sx1-48gb", "tor1")},
        {"aaaaaa"},
    )
    assert attempts.last_error == error


def test_digits_of_a_droplet_s_id_are_no_answer() -> None:
    with pytest.raises(Outage):
        recorded(f"GET {URL}/4224045: 403 Forbidden; droplet 422 and: 404000001")


def test_a_slot_that_came_all_the_same_blames_no_place() -> None:
    attempts = recorded(f"POST {URL}: EOF", "aaaaaa")
    assert (attempts.without_room, attempts.failed_ids) == (set(), set())


def test_an_outage_is_tried_three_times_and_a_refusal_once() -> None:
    attempts = recorded(f"POST {URL}: 503")
    recorded(f"POST {URL}: 429", attempts=attempts)
    with pytest.raises(Outage, match="503"):
        recorded(f"POST {URL}: 503", attempts=attempts)
    with pytest.raises(Outage, match="401"):
        recorded(f"POST {URL}: 401 Unable to authenticate you")


def test_a_run_that_was_overtaken_is_tried_again() -> None:
    assert recorded(CHANGED_MEANWHILE).failures == 1


def test_a_pool_that_others_keep_changing_is_given_up() -> None:
    attempts = Attempts()
    done = Outcome(ok=True, steps=(), diagnostics=(), duration=1, changes={})
    for outcome in (done, None, done):
        attempts.record(outcome, Change(create=(NEW,)), pool(), PLACEMENT)
    with pytest.raises(Outage, match="does not come to rest"):
        attempts.record(done, Change(create=(NEW,)), pool(), PLACEMENT)


def test_an_error_is_told_once_and_the_engine_s_summary_not_at_all() -> None:
    assert error_text(failed("a", "update failed", " a\n", "b")) == "a; b"
    assert error_text(failed("update failed")) == "no reason given"
