"""What is retired: said and counted first, snapshotted, and let go of in a second run."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra_apply.apply import retiring
from infra_apply.apply.attempts import Applied
from infra_apply.apply.letting_go import LettingGo, backup_lines, counted, letting_go_lines
from infra_apply.apply.pace import Pace
from infra_apply.apply.removals import refuse_removals, removals
from infra_apply.apply.snapshots import LastSnapshot, plan_snapshot, take_snapshots
from infra_apply.apply.target import Target
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.digitalocean.model import Size, Snapshot
from infra_apply.engine.events import Step
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Outcome
from infra_apply.errors import Ambiguous, Failure, Outage, Refusal, Retry
from infra_apply.plan.model import Fate
from infra_apply.reconcile.model import Retirement
from infra_apply.reconcile.state import StateResource
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve
from infra_apply.terminal import StatusLine
from tests import companies
from tests.apply.steps import outcome, step
from tests.apply.test_lost_answers import Clock
from tests.reconcile.worlds import database_state, droplet, host_state, pool_state, state

PLAN = companies.plan(companies.service("wiki", "basil"))
NOW = datetime(2026, 11, 25, 10, 46, 30, tzinfo=UTC)
NAME = "lime-retired-20261125-1046"
LIME = replace(droplet(), made_at=None)
SNAPSHOT = LastSnapshot("lime", LIME, NAME)


def retirement(remembered: tuple[StateResource, ...], fate: Fate = "destroy") -> Retirement:
    component, *children = remembered
    return Retirement(component, tuple(children), fate)


def letting_go(*retirements: Retirement, **fields: Any) -> LettingGo:
    fields.setdefault("in_two_runs", True)
    fields.setdefault("droplets", {"7": LIME})
    return LettingGo(retirements, **fields)


def deletions(retired: Retirement, *, retain: bool = False) -> list[Step]:
    """What a preview shows once the protection of a retirement is lifted."""
    held = [
        Step("delete", child.urn, child.type, child.name, id=child.id, custom=True, retain=retain)
        for child in retired.children
    ]
    component = retired.component
    return [*held, Step("delete", component.urn, component.type, component.name, status="done")]


HOST = retirement(host_state(7))
KEPT_HOST = retirement(host_state(7), "keep")
DATABASE = retirement(database_state())


def said(gone: LettingGo, *, next_run_too: bool = True) -> str:
    return "\n".join(letting_go_lines(gone, next_run_too=next_run_too))


def test_nothing_is_said_where_nothing_is_retired() -> None:
    assert said(LettingGo()) == ""


def test_a_droplet_that_goes_is_named_with_its_id_its_address_and_its_snapshot() -> None:
    text = said(letting_go(HOST, snapshots={"7": SNAPSHOT}))
    assert "applies once more by itself, letting go of:" in text
    assert "lime: droplet 7 at 203.0.113.7 is destroyed with its disk" in text
    assert f"{NAME}: at most $1.50 a month ($0.06 per GB, DigitalOcean's price" in text
    assert "lime: its firewall is deleted" in text


def test_without_a_snapshot_that_is_said_too() -> None:
    assert "no snapshot of it is taken" in said(letting_go(HOST))


def test_what_is_kept_is_named_with_what_it_bills() -> None:
    text = said(letting_go(KEPT_HOST, sizes={"s-1vcpu-1gb": Size(1024, 1, 25, monthly=6.0)}))
    assert "droplet 7 at 203.0.113.7 stays, and bills $6.00 a month (s-1vcpu-1gb)" in text
    assert "at an unknown price" in said(letting_go(KEPT_HOST))


def test_a_droplet_that_is_gone_already_is_not_said_to_go() -> None:
    assert "droplet 7 is not in the account any more" in said(letting_go(HOST, droplets={}))


def test_a_database_that_goes_or_stays_is_named_with_its_cluster() -> None:
    assert "shop: database shop with user shop on shared-pg is deleted" in said(
        letting_go(DATABASE)
    )
    assert "on shared-pg stays" in said(letting_go(retirement(database_state(), "keep")))


def test_a_saved_plan_says_that_it_takes_another_run() -> None:
    assert "applying once more lets go of" in said(letting_go(HOST), next_run_too=False)
    assert "let go of now" in said(letting_go(HOST, in_two_runs=False), next_run_too=False)


@pytest.mark.parametrize(
    ("retired", "lifted", "count"),
    [
        (HOST, False, 0),
        (HOST, True, 0),
        (DATABASE, False, 2),
        (DATABASE, True, 2),
        (retirement(database_state(), "keep"), False, 0),
        (retirement(pool_state()), False, 1),
        (retirement(pool_state()), True, 1),
    ],
)
def test_a_retired_host_needs_no_leave_and_a_database_does_before_anything_is_lifted(
    retired: Retirement, lifted: bool, count: int
) -> None:
    steps = deletions(retired) if lifted else []
    other = step("delete", "Droplet", "basil")
    removed = counted(removals([*steps, other]), letting_go(retired))
    assert len(removed.deletes) == count + 1
    assert other in removed.deletes


def test_what_is_kept_may_be_forgotten_and_never_deleted() -> None:
    forgotten = counted(removals(deletions(KEPT_HOST, retain=True)), letting_go(KEPT_HOST))
    assert (forgotten.deletes, forgotten.forgets) == ((), ())
    deleted = counted(removals(deletions(KEPT_HOST)), letting_go(KEPT_HOST))
    assert len(deleted.deletes) == 2


@pytest.mark.parametrize(
    ("backups", "words"),
    [
        ({"shared-pg": 1764067590.0}, "the newest backup of shared-pg is of 2025-11-25 10:46 UTC"),
        ({"shared-pg": None}, "shared-pg has no backup"),
    ],
)
def test_a_refusal_names_the_newest_backup(backups: Mapping[str, float | None], words: str) -> None:
    gone = letting_go(DATABASE, backups=backups)
    removed = counted(removals([]), gone)
    with pytest.raises(Refusal) as raised:
        refuse_removals(removed, PLAN, allowed=1, command="up", remarks=backup_lines(gone))
    assert words in raised.value.message
    assert "--allow-delete 2" in raised.value.next_step
    refuse_removals(removed, PLAN, allowed=2, command="up", remarks=backup_lines(gone))


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


class Account(Client):
    """An account in which snapshots of droplet 7 take a minute.

    `answers` are the failures of the requests for one, in turn; `makes` says whether one is made.
    """

    def __init__(
        self, clock: Clock, *answers: Failure | None, makes: bool = True, listed: Any = ()
    ) -> None:
        super().__init__(Credentials("http://127.0.0.1:9", "t"))
        self._clock, self._answers, self._makes = clock, list(answers), makes
        self._listed = list(listed)
        self._under_way: list[tuple[float, str]] = []
        self.asked: list[str] = []

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        self.asked.append(f"{path} {body['name']}")
        answer = self._answers.pop(0) if self._answers else None
        if self._makes:
            self._under_way.append((self._clock.now + 300, body["name"]))
        if answer is not None:
            raise answer

    def list(self, path: str, key: str, **query: str) -> Iterator[dict[str, Any]]:
        del query
        waiting = [(at, name) for at, name in self._under_way if at > self._clock.now]
        if key == "actions":
            yield from ({"type": "snapshot", "status": "in-progress"} for _ in waiting)
        elif key == "snapshots":
            made = [name for at, name in self._under_way if at <= self._clock.now]
            yield from ({"id": 1, "name": name, "size_gigabytes": 2.5} for name in made)
            yield from self._listed
        else:
            raise AssertionError(path)


class Stage:
    """Plays outcomes, one a run of the engine, on an account."""

    def __init__(self, *outcomes: Outcome, **fields: Any) -> None:
        self.clock = Clock()
        self.client = Account(self.clock, *fields.pop("answers", ()), **fields)
        self.verbs: list[str] = []
        self.stderr = io.StringIO()
        self._outcomes = list(outcomes)
        self.target = Target(
            plan=PLAN,
            engine=Engine(Path("pulumi"), "3.259.0", "path", ""),
            folder=Path(),
            environ={},
            client=self.client,
            status_line=StatusLine(self.stderr),
            pause=self.clock.pause,
            clock=self.clock.seconds,
            command="infra-apply up --stack prod",
            run_engine=self._run,
        )

    def _run(self, verb: str, **_: Any) -> Outcome:
        self.verbs.append(f"{verb} after {len(self.client.asked)} snapshots")
        return self._outcomes.pop(0)

    def apply(self, gone: LettingGo, *first: Step, next_run_too: bool = True) -> Applied:
        planned = outcome(*first, acted=False)
        return retiring.apply(self.target, planned, Pace(0), gone, next_run_too=next_run_too)


def test_a_snapshot_is_taken_and_seen() -> None:
    stage = Stage()
    take_snapshots(stage.target, [SNAPSHOT])
    assert stage.client.asked == [f"/v2/droplets/7/actions {NAME}"]
    assert stage.clock.now == 300
    assert f"snapshot {NAME} is there: 2.5 GB, $0.15 a month" in stage.stderr.getvalue()


def test_a_snapshot_whose_answer_was_lost_is_looked_for_and_not_asked_for_again() -> None:
    stage = Stage(answers=[Ambiguous("no answer")])
    take_snapshots(stage.target, [SNAPSHOT])
    assert (len(stage.client.asked), stage.clock.now) == (1, 300)


@pytest.mark.parametrize(
    ("answer", "seconds", "words"),
    [
        (Retry("422 Droplet already has a pending event."), 0, "422 Droplet already has a pending"),
        (Ambiguous("no answer"), 60, "DigitalOcean does not list it"),
        (None, 60, "DigitalOcean does not list it"),
    ],
)
def test_a_snapshot_that_is_not_confirmed_stops_with_words(
    answer: Failure | None, seconds: float, words: str
) -> None:
    stage = Stage(answers=[answer], makes=False)
    with pytest.raises(Outage) as raised:
        take_snapshots(stage.target, [SNAPSHOT])
    assert words in raised.value.message
    assert raised.value.state == "its protection is lifted, and nothing was destroyed"
    assert "infra-apply up --stack prod" in raised.value.next_step
    assert stage.clock.now == seconds


@pytest.mark.parametrize(
    ("name", "made_at", "taken"),
    [
        ("lime-retired-20261125-1030", "2026-11-25T10:30:00Z", True),
        ("lime-retired-20261125-0900", "2026-11-25T09:00:00Z", False),
        ("lime-before-upgrade", "2026-11-25T10:30:00Z", False),
    ],
)
def test_a_snapshot_that_a_run_took_within_the_hour_is_not_taken_again(
    name: str, made_at: str, taken: bool
) -> None:
    listed = {"id": 3, "name": name, "created_at": made_at, "size_gigabytes": 2.5}
    stage = Stage(listed=[listed])
    planned = plan_snapshot(stage.client, "lime", LIME, NOW)
    assert (planned.name, planned.taken is not None) == ((name, True) if taken else (NAME, False))
    take_snapshots(stage.target, [planned])
    assert len(stage.client.asked) == (0 if taken else 1)


def test_the_price_of_a_snapshot_that_is_there_is_that_of_its_size() -> None:
    there = replace(SNAPSHOT, taken=Snapshot(3, NAME, gigabytes=2.5))
    text = said(letting_go(HOST, snapshots={"7": there}))
    assert f"its snapshot {NAME} is there, 2.5 GB: $0.15 a month" in text


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


@pytest.mark.parametrize(("first", "next_run_too"), [(outcome(ok=False), True), (outcome(), False)])
def test_nothing_is_let_go_of_after_a_run_that_went_wrong_or_was_all_that_was_reviewed(
    first: Outcome, next_run_too: bool
) -> None:
    stage = Stage(first)
    stage.apply(letting_go(HOST, snapshots={"7": SNAPSHOT}), next_run_too=next_run_too)
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
