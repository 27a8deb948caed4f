"""After an update the account is looked at once more, patiently: what was made is listed late."""

from __future__ import annotations

from typing import Any

import pytest

from infra_apply import naming
from infra_apply.cli.common import second_look
from infra_apply.digitalocean.client import Client
from infra_apply.errors import Outage
from infra_apply.reconcile.state import DROPLET, HOST, State, StateResource
from tests.apply.steps import urn
from tests.apply.test_attempts import PLAN, Stage
from tests.apply.test_lost_answers import ListingClient

LIME = {
    "id": 41,
    "name": "lime",
    "tags": [naming.owner_tag(PLAN.fleet, PLAN.environment), naming.host_tag(PLAN.fleet, "lime")],
}
STATE = State(
    (
        StateResource(urn("Host", "lime"), HOST),
        StateResource(urn("Droplet", "lime"), DROPLET, "41", urn("Host", "lime")),
    )
)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(second_look, "read_state", lambda _: STATE)
    return Stage()


def look(stage: Stage, contents: Any) -> int:
    client: Client = ListingClient(lambda: contents(stage.clock.now))
    stage.look_with(client)
    return second_look.look_once_more(stage.target)


def test_an_account_that_is_right_is_looked_at_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(stage, lambda _: [LIME]) == 0
    assert stage.clock.now == 0
    assert "looked at the account: 1 droplet, each there once" in capsys.readouterr().err


def test_what_is_listed_late_is_waited_for(stage: Stage) -> None:
    assert look(stage, lambda now: [LIME] if now >= 30 else []) == 0
    assert stage.clock.now == 30


def test_what_is_missing_after_a_minute_is_named(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(stage, lambda _: []) == 1
    assert stage.clock.now == 60
    assert "host lime: its droplet 41 is not in the account" in capsys.readouterr().err


def test_what_is_there_twice_is_named_with_the_command_that_destroys_it(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(stage, lambda _: [LIME, {**LIME, "id": 42}]) == 1
    assert "infra-apply up --stack prod --remove-surplus 42" in capsys.readouterr().err


def test_an_account_that_cannot_be_read_does_not_unmake_the_update(stage: Stage) -> None:
    with pytest.raises(Outage) as raised:
        look(stage, lambda _: None)
    assert raised.value.state == "the update itself went well"
