"""Names that somebody else took between our look and our create."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.taken_names import (
    TakenName,
    read_taken,
    refuse_taken,
    still_taken,
    taken_by,
    write_taken,
)
from infra_apply.engine.run import Outcome
from infra_apply.errors import Outage, Refusal
from infra_apply.inputs.settings import ClusterSettings
from tests.apply.steps import error, outcome, step, urn
from tests.companies import SETTINGS, database, plan, service

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SHOP = service("shop", database=database("shop"))
PLAN = plan(SHOP)
ON_CLUSTER = {"name": "shop", "clusterId": "c1"}
TAKEN = TakenName(urn("DatabaseDb", "shop"), "shop", "c1", "2026-11-25T10:00:00+00:00")


def failed(status: int, kind: str = "DatabaseDb", method: str = "POST") -> Outcome:
    text = f'{method} https://api/v2/databases/c1/dbs: {status} (request "r") name in use'
    inputs = ON_CLUSTER if kind.startswith("Database") else {"name": "shop"}
    made = step("create", kind, "shop", status="failed", inputs=inputs)
    return outcome(made, errors=[error(text, kind, "shop")])


@pytest.mark.parametrize("status", [409, 422])
@pytest.mark.parametrize("kind", ["DatabaseDb", "DatabaseUser", "Firewall"])
def test_a_create_that_is_answered_that_its_name_is_taken_is_kept(status: int, kind: str) -> None:
    (name,) = taken_by(failed(status, kind), NOW)
    assert (name.urn, name.name) == (urn(kind, "shop"), "shop")
    assert name.cluster == ("" if kind == "Firewall" else "c1")
    assert name.at == "2026-11-25T10:00:00+00:00"


@pytest.mark.parametrize(
    "run",
    [failed(500), failed(429), failed(422, "Droplet"), failed(422, method="PUT"), outcome()],
    ids=["500", "429", "a droplet", "a change", "nothing"],
)
def test_nothing_else_is_taken_for_a_strangers(run: Outcome) -> None:
    assert taken_by(run, NOW) == []


def test_what_a_stranger_made_is_not_taken_over_and_the_way_on_is_named() -> None:
    steps = [step("import", "DatabaseDb", "shop", inputs=ON_CLUSTER)]
    names = still_taken([TAKEN], steps, PLAN)
    assert names == (TAKEN,)
    with pytest.raises(Refusal) as refused:
        refuse_taken(names, PLAN, "infra-apply up --stack prod")
    assert "Database shop on shared-pg: `shop` was somebody else's" in refused.value.message
    assert "{shared-pg: {adopt: [shop]}}" in refused.value.next_step
    assert refused.value.next_step.endswith("then: infra-apply up --stack prod")


def test_a_name_that_is_adopted_or_free_again_or_another_one_is_no_longer_taken() -> None:
    imported = step("import", "DatabaseDb", "shop", inputs=ON_CLUSTER)
    adopting = replace(SETTINGS, clusters={"shared-pg": ClusterSettings(adopt=("shop",))})
    assert still_taken([TAKEN], [imported], plan(SHOP, settings=adopting)) == ()
    assert still_taken([TAKEN], [step("create", "DatabaseDb", "shop")], PLAN) == ()
    elsewhere = {**ON_CLUSTER, "clusterId": "c2"}
    assert not still_taken([TAKEN], [step("import", "DatabaseDb", "shop", inputs=elsewhere)], PLAN)


def test_a_strangers_user_in_the_place_of_a_second_login_is_to_be_dropped() -> None:
    name = TakenName(urn("DatabaseUser", "shop#2"), "shop_2", "c1", NOW.isoformat())
    with pytest.raises(Refusal) as refused:
        refuse_taken([name], PLAN, "infra-apply up --stack prod")
    assert "drop the user `shop_2` from the cluster if nobody needs it" in refused.value.next_step


def test_a_firewall_of_a_stranger_is_to_be_renamed() -> None:
    name = TakenName(urn("Firewall", "lime"), "acme-lime", "", "2026-11-25T10:00:00+00:00")
    with pytest.raises(Refusal, match="Firewall lime: `acme-lime` was somebody else's") as refused:
        refuse_taken([name], PLAN, "infra-apply up")
    assert "rename the firewall `acme-lime`" in refused.value.next_step


@given(st.lists(st.builds(TakenName, st.text(), st.text(), st.text(), st.text()), max_size=4))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[TakenName]
) -> None:
    file = tmp_path_factory.mktemp("runs") / "prod" / "taken.jsonl"
    write_taken(file, names)
    assert read_taken(file) == tuple(names)
    write_taken(file, ())
    assert not file.exists()
    assert read_taken(file) == ()


def test_a_file_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    file = tmp_path / "taken.jsonl"
    file.write_text('{"urn": "x"}\n')
    with pytest.raises(Outage, match="cannot be read"):
        read_taken(file)
