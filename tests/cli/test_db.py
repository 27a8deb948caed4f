"""`infra-apply db` on an account and a state as any step of a rotation leaves them."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from infra_apply.apply import attempts, rotation
from infra_apply.apply.target import Target
from infra_apply.cli import db
from infra_apply.cli.common import applying
from infra_apply.cli.common.context import Context
from infra_apply.cli.main import main
from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.engine.events import Step
from infra_apply.engine.install.find import Engine
from infra_apply.engine.run import Outcome
from infra_apply.postgres.sessions import Sessions
from infra_apply.reconcile.state import State
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import serve
from infra_apply.terminal.layout import StatusLine
from tests.companies import database, plan, service
from tests.reconcile.worlds import database_state, state

PLAN = plan(
    service("shop", database=database("shop"), provider="mac", service=None),
    service("wiki", provider="mac", service=None),
)
OPENS, TURNS_BACK = ("INFRA_APPLY_ROTATE", "shop/shop_2"), ("INFRA_APPLY_ROTATE", "shop/shop")
CLOSES = ("INFRA_APPLY_CLOSE_LOGIN", "shop/shop")
FAULT = "/v2/databases/*/reset_auth"


@dataclasses.dataclass
class Stage:
    """What the commands find, and what they did: updates with their wish, and new passwords.

    `updates` has an entry for each update: its wish, or None. An update ends with `code`.
    """

    cluster: str
    state: State = dataclasses.field(default_factory=State)
    given_out: str = "shop"
    sessions: Sessions = dataclasses.field(default_factory=lambda: Sessions(0))
    updates: list[tuple[str, str] | None] = dataclasses.field(default_factory=list)
    passwords: Callable[[], dict[str, str]] = dict
    steps: tuple[Step, ...] = ()
    code: int = 0

    def remember(self, *logins: str, second: bool = True, turns: bool = True) -> None:
        """Let the state have these open logins, and outputs that give out the first."""
        self.given_out = logins[0] if logins else "shop"
        self.state = state(
            database_state(
                cluster_id=self.cluster,
                second="shop_2" if second else None,
                logins=logins,
                turns=turns,
            )
        )

    def changed(self) -> dict[str, int]:
        """How often each user's password was changed; the simulator appends to it each time."""
        counts = {name: word.count("_r") for name, word in self.passwords().items()}
        return {name: count for name, count in counts.items() if count}


@pytest.fixture
def faults() -> list[Fault]:
    """The faults that the account plays."""
    return []


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: Sequence[Fault]
) -> Iterator[Stage]:
    with serve(tmp_path / "account", seed(clusters=[("shared-pg", "pg")]), faults=faults) as server:
        client = Client(Credentials(server.url, "rehearsal-token"))
        (cluster,) = server.state()["databases"]
        scene = Stage(cluster["id"])
        for name in ("shop", "shop_2"):
            client.post(f"/v2/databases/{scene.cluster}/users", {"name": name})
        scene.passwords = lambda: {
            user["name"]: user["password"] for user in server.state()["databases"][0]["users"]
        }
        target = Target(
            plan=PLAN,
            engine=Engine(Path("/nowhere/pulumi"), "3.259.0", "path", ""),
            folder=tmp_path,
            environ={"HOME": "/nowhere"},
            client=client,
            status_line=StatusLine(StringIO()),
            pause=lambda _: None,
            clock=lambda: 0.0,
            command="",
        )
        context = Context(target, tmp_path / "log.jsonl", [])

        def update(asked: Context, arguments: Any) -> int:
            del arguments
            environ = asked.target.environ
            wishes = [(key, environ[key]) for key in environ if key.startswith("INFRA_APPLY_")]
            scene.updates.append(wishes[0] if wishes else None)
            return scene.code

        outcome = Outcome(True, (), (), 0.0, {}, acted=False)
        monkeypatch.setattr(db, "real_context", lambda _: context)
        monkeypatch.setattr(db, "find_site", lambda *_: None)
        monkeypatch.setattr(db, "wait_until_free", lambda *_: None)
        monkeypatch.setattr(applying, "up", update)
        monkeypatch.setattr(db, "read_admin", lambda *_: None)
        monkeypatch.setattr(db, "read_sessions", lambda *_: scene.sessions)
        monkeypatch.setattr(
            attempts, "preview", lambda _: dataclasses.replace(outcome, steps=scene.steps)
        )
        monkeypatch.setattr(rotation, "read_state", lambda _: scene.state)
        monkeypatch.setattr(
            rotation,
            "read_outputs",
            lambda *_: {"instances": {"shop": {"env": {"DATABASE_USER": scene.given_out}}}},
        )
        yield scene


def run(*words: str) -> int:
    return main(["db", *words, "shop", "--stack", "prod", "--yes"])


# What a rotation was ended by, and what the same command then does: (update's wish, or none),
# and how often it changes whose password.
Done = tuple[list[tuple[str, str] | None], dict[str, int]]
STEPS: dict[str, tuple[tuple[str, ...], bool, str, Done]] = {
    "the first rotation": ((), False, "rotate", ([OPENS], {})),
    "ended before its update: the unused password is changed again": (
        (),
        True,
        "rotate",
        ([OPENS], {"shop_2": 1}),
    ),
    "ended in its update: the rest of it is done, and no password changes": (
        ("shop_2", "shop"),
        True,
        "rotate",
        ([None], {}),
    ),
    "ended in its first update before the second user was made": (
        ("shop_2", "shop"),
        False,
        "rotate",
        ([None], {}),
    ),
    "closing": (("shop_2", "shop"), True, "close", ([CLOSES], {"shop": 1})),
    "closing, ended before the old password was changed: that alone is left": (
        ("shop_2",),
        True,
        "close",
        ([], {"shop": 1}),
    ),
    "the turn comes back": (("shop_2",), True, "rotate", ([TURNS_BACK], {"shop": 1})),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_may_be_run_again_after_whatever_ended_it(name: str, stage: Stage) -> None:
    logins, second, verb, done = STEPS[name]
    stage.remember(*logins, second=second)
    words = ("rotate", "--close") if verb == "close" else ("rotate",)
    assert run(*words) == 0
    assert (stage.updates, stage.changed()) == done


def test_what_comes_next_is_said(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.remember(second=False)
    assert run("rotate") == 0
    said = capsys.readouterr().err
    assert "`shop_2` is given out, and `shop` stays open until it is closed" in said
    assert "restart or reload it: infra-apply env shop --stack prod\n" in said
    assert "then: infra-apply db rotate shop --close --stack prod\n" in said


def test_a_password_that_is_changed_before_anybody_agrees_is_said_to_open_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember("shop_2")
    assert run("rotate") == 0
    said = capsys.readouterr().err
    assert "`shop` has a new password, which opens nothing yet\n" in said
    assert not [word for word in stage.passwords().values() if word in said]


def test_where_the_update_fails_nothing_more_is_done(stage: Stage) -> None:
    stage.code = 3
    stage.remember("shop_2", "shop")
    assert run("rotate", "--close") == 3
    assert stage.changed() == {}


@pytest.mark.parametrize(
    ("oldest", "since"),
    [
        (200.0, "the oldest began 3 min 20 s ago"),
        (None, "when they began is not shown to the cluster's administrator"),
    ],
)
def test_a_login_with_sessions_is_closed_only_if_that_is_meant(
    oldest: float | None, since: str, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember("shop_2", "shop")
    stage.sessions = Sessions(2, oldest)
    assert run("rotate", "--close") == 1
    assert f"`shop` is in use: it has 2 sessions; {since}\n" in capsys.readouterr().err
    assert (stage.updates, stage.changed()) == ([], {})
    assert run("rotate", "--close", "--in-use") == 0
    assert stage.updates == [CLOSES]


def test_the_former_login_is_not_closed_while_the_variables_name_it(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember("shop_2", "shop")
    stage.given_out = "shop"  # the update was ended before it wrote its outputs
    assert run("rotate", "--close", "--in-use") == 1
    said = capsys.readouterr().err
    assert "the rotation is not finished" in said
    assert "finish it: infra-apply db rotate shop --stack prod" in said
    assert stage.updates == []


@pytest.mark.parametrize("words", [("rotate",), ("rotate", "--close"), ("reset-password",)])
def test_what_was_never_applied_is_to_be_applied_first(
    words: tuple[str, ...], stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 1
    assert "was not applied to stack prod yet" in capsys.readouterr().err
    assert (stage.updates, stage.changed()) == ([], {})


def test_a_project_without_a_database_is_a_slip(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    assert main(["db", "rotate", "shp", "--stack", "prod"]) == 2
    assert "next:  did you mean `shop`?" in capsys.readouterr().err


def test_one_login_is_not_closed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.remember(second=False)
    assert run("rotate", "--close") == 1
    assert "there is nothing to close" in capsys.readouterr().err


def test_where_nobody_can_take_over_the_other_command_is_named(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember(second=False, turns=False)
    assert run("rotate") == 1
    assert "infra-apply db reset-password shop --stack prod" in capsys.readouterr().err
    assert (stage.updates, stage.changed()) == ([], {})


def test_a_reset_says_first_what_breaks_and_until_when(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.remember(second=False, turns=False)
    monkeypatch.setattr(sys, "stdin", StringIO())
    assert main(["db", "reset-password", "shop", "--stack", "prod"]) == 1
    said = capsys.readouterr().err
    assert "new connections with the old password fail, until the service" in said
    assert "infra-apply env shop --stack prod" in said
    assert (stage.updates, stage.changed()) == ([], {})
    assert run("reset-password") == 0
    assert (stage.updates, stage.changed()) == ([None], {"shop": 1})


def test_a_reset_is_refused_where_anything_else_is_to_be_applied(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember(second=False)
    stage.steps = (Step("update", "urn", "digitalocean:index/droplet:Droplet", "lime"),)
    assert run("reset-password") == 1
    assert "there is something else to apply" in capsys.readouterr().err
    assert (stage.updates, stage.changed()) == ([], {})


@pytest.mark.parametrize(
    ("faults", "message", "count"),
    [
        ([Fault(FAULT, drop=True, when="after")], "may not be changed", 1),
        ([Fault(FAULT, status=422)], "was not changed: 422", 0),
    ],
)
def test_a_new_password_whose_answer_is_lost_is_asked_for_again(
    message: str, count: int, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.remember(second=False)
    assert run("reset-password") == 3
    said = capsys.readouterr().err
    assert message in said
    assert "state: the old password of `shop` may open nothing any more" in said
    assert "next:  run the same again" in said
    assert (stage.updates, stage.changed().get("shop", 0)) == ([], count)
    assert run("reset-password") == 0
    assert (stage.updates, stage.changed()) == ([None], {"shop": count + 1})
