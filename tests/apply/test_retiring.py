"""What is retired is looked up first, snapshotted, and let go of in a second run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra_apply.apply import retiring
from infra_apply.apply.letting_go import LettingGo
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.engine.events import Step
from infra_apply.errors import Outage, Refusal, Retry
from infra_apply.plan.model import Fate
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve
from tests.apply.retirements import (
    HOST,
    KEPT_HOST,
    NAME,
    NOW,
    PLAN,
    SNAPSHOT,
    Stage,
    deletions,
    letting_go,
    retirement,
    said,
)
from tests.apply.steps import outcome, step
from tests.reconcile.worlds import database_state, host_state, state


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A simulated account with a cluster that has a backup, and a droplet that has booted."""
    state = seed(clusters=[("shared-pg", "pg")])
    with serve(tmp_path, state, now=NOW.timestamp, clock_scale=1e6) as running:
        body = {"name": "lime", "region": "nyc1", "size": "s-1vcpu-1gb"}
        image = {"image": "ubuntu-24-04-x64"}
        client_of(running).post("/v2/droplets", body | image)
        yield running
        assert running.unmodelled == []


def client_of(server: Server) -> Client:
    return Client(Credentials(server.url, "rehearsal-token"), tries=1)


def looked_up(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, with_snapshots: bool = True, **fates: Fate
) -> LettingGo:
    """What is looked up where the state has a host with that droplet, and a database."""
    (lime,) = server.state()["droplets"]
    remembered = state(host_state(lime["id"]), database_state())
    monkeypatch.setattr(retiring, "read_state", lambda _: remembered)
    target = replace(Stage().target, plan=replace(PLAN, retired=fates), client=client_of(server))
    return retiring.find_letting_go(target, with_snapshots=with_snapshots, now=NOW)


def test_what_goes_is_looked_up_in_the_account(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = looked_up(server, monkeypatch, lime="destroy", shop="destroy")
    (snapshot,) = gone.snapshots.values()
    assert (snapshot.name, snapshot.droplet.name, gone.in_two_runs) == (NAME, "lime", True)
    assert "the newest backup of shared-pg is of 2026-01-15 10:00 UTC" in said(gone)
    assert gone.sizes == {}


def test_a_droplet_that_no_list_shows_yet_is_not_destroyed_without_a_snapshot(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "list", lambda *_, **__: iter(()))
    gone = looked_up(server, monkeypatch, lime="destroy", shop="keep")
    assert [snapshot.name for snapshot in gone.snapshots.values()] == [NAME]


def test_a_snapshot_can_be_left_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = looked_up(server, monkeypatch, with_snapshots=False, lime="destroy", shop="keep")
    assert (gone.snapshots, gone.backups) == ({}, {})
    assert "no snapshot of it is taken" in said(gone)


def test_what_stays_is_looked_up_with_its_price(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = looked_up(server, monkeypatch, lime="keep", shop="keep")
    assert (gone.snapshots, gone.backups) == ({}, {})
    assert "stays, and bills $6.00 a month (s-1vcpu-1gb)" in said(gone)


def test_where_nothing_is_retired_nothing_is_looked_up() -> None:
    gone = retiring.find_letting_go(Stage().target, with_snapshots=True, now=NOW)
    assert gone == LettingGo()


def test_one_consent_lifts_takes_the_snapshot_and_lets_go() -> None:
    kept = step("update", "Droplet", "basil")
    stage = Stage(
        outcome(kept), outcome(*deletions(HOST), acted=False), outcome(*done(deletions(HOST)))
    )
    applied = stage.apply(letting_go(HOST, snapshots={"7": SNAPSHOT}), kept)
    assert applied.stopped_by is None and applied.outcome is not None
    assert applied.outcome.changes == {"update": 1, "delete": 3}
    assert stage.verbs == [
        "up after 0 snapshots",
        "preview after 0 snapshots",
        "up after 1 snapshots",
    ]


def test_what_was_lifted_before_goes_at_once_after_its_snapshot() -> None:
    stage = Stage(outcome(*done(deletions(HOST))))
    gone = letting_go(HOST, in_two_runs=False, snapshots={"7": SNAPSHOT})
    assert stage.apply(gone, *deletions(HOST)).stopped_by is None
    assert stage.verbs == ["up after 1 snapshots"]


def test_a_snapshot_that_fails_stops_before_the_second_run_and_tells_of_the_first() -> None:
    stage = Stage(outcome(), outcome(*deletions(HOST), acted=False), answers=[Retry("422 no")])
    applied = stage.apply(letting_go(HOST, snapshots={"7": SNAPSHOT}))
    assert isinstance(applied.stopped_by, Outage) and applied.outcome is not None
    assert "nothing was destroyed" in applied.stopped_by.state
    assert len(stage.verbs) == 2


def test_nothing_is_let_go_of_after_a_run_that_went_wrong() -> None:
    stage = Stage(outcome(ok=False))
    stage.apply(letting_go(HOST, snapshots={"7": SNAPSHOT}))
    assert stage.verbs == ["up after 0 snapshots"]


@pytest.mark.parametrize(
    "more",
    [
        [step("delete", "Droplet", "basil")],
        [step("update", "Droplet", "basil")],
        deletions(retirement(host_state(8, "elm"))),
    ],
)
def test_the_second_run_does_nothing_but_let_go_of_what_is_retired(more: list[Step]) -> None:
    stage = Stage(outcome(), outcome(*deletions(HOST), *more, acted=False))
    applied = stage.apply(letting_go(HOST, snapshots={"7": SNAPSHOT}))
    assert isinstance(applied.stopped_by, Refusal)
    assert (len(stage.verbs), stage.client.asked) == (2, [])


def test_what_is_kept_is_not_deleted_by_the_second_run() -> None:
    stage = Stage(outcome(), outcome(*deletions(KEPT_HOST), acted=False))
    assert isinstance(stage.apply(letting_go(KEPT_HOST)).stopped_by, Refusal)


def done(steps: list[Step]) -> list[Step]:
    return [replace(planned, status="done") for planned in steps]
