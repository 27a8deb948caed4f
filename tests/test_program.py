"""What the program does before it decides: one try a request, another look where it matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pulumi
import pytest

from infra_apply import program
from infra_apply.diagnostics.model import Diagnostic, Place
from infra_apply.digitalocean.client import FOREIGN_ENDPOINT
from infra_apply.digitalocean.model import Account
from infra_apply.errors import Outage, Refusal
from infra_apply.fleet.rules.table import CODES
from infra_apply.reconcile.state import State
from tests.companies import plan, service
from tests.reconcile.worlds import QUIET, account, droplet, firewall, host_state, state

PLAN = plan(service("shop"), settings=QUIET)
EMPTY = account(firewalls=(firewall(),))
THERE = account(droplet(), firewalls=(firewall(),))
WRITTEN_AT = 1_000_000.0


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = WRITTEN_AT + 5

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(program, "time", fake)
    monkeypatch.setattr(program, "_client", lambda: None)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    monkeypatch.delenv("INFRA_APPLY_REHEARSAL_CLOCK", raising=False)
    return fake


def looking(monkeypatch: pytest.MonkeyPatch, *accounts: Account) -> list[Account]:
    """Let each look see the next account, and the last one for ever; return what was seen."""
    seen: list[Account] = []

    def observe(*_: object) -> Account:
        seen.append(accounts[min(len(seen), len(accounts) - 1)])
        return seen[-1]

    monkeypatch.setattr(program, "_observe", observe)
    return seen


def begun(**fields: float) -> State:
    """A state whose last update registered the host and heard nothing of its droplet."""
    host, *_ = host_state(None)
    _, _, wall = host_state(7)
    return replace(state((host, wall)), written_at=fields.get("written_at", WRITTEN_AT))


def test_a_droplet_that_is_listed_late_is_taken_up_and_not_made_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking(monkeypatch, EMPTY, EMPTY, EMPTY, THERE)
    _, decisions, _ = program._look(PLAN, begun())
    assert decisions is not None
    assert decisions.hosts[0].import_id == "7"
    assert clock.now == WRITTEN_AT + 20


def test_after_a_minute_without_it_it_is_made(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking(monkeypatch, EMPTY)
    _, decisions, _ = program._look(PLAN, begun())
    assert decisions is not None
    assert decisions.hosts[0].import_id is None
    assert WRITTEN_AT + 60 <= clock.now < WRITTEN_AT + 66


def remembered_cases() -> Iterator[tuple[str, State, Account]]:
    yield "what nobody has begun", replace(State(), written_at=WRITTEN_AT), EMPTY
    yield "what an update long ago left", begun(written_at=WRITTEN_AT - 3600), EMPTY
    yield "what is there", replace(state(host_state()), written_at=WRITTEN_AT), THERE


@pytest.mark.parametrize(
    ("remembered", "live"),
    [pytest.param(*case, id=name) for name, *case in remembered_cases()],
)
def test_one_look_is_enough_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, remembered: State, live: Account
) -> None:
    seen = looking(monkeypatch, live)
    program._look(PLAN, remembered)
    assert (len(seen), clock.now) == (1, WRITTEN_AT + 5)


def test_a_state_from_the_future_is_waited_for_no_longer_than_a_minute(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking(monkeypatch, EMPTY)
    program._look(PLAN, begun(written_at=WRITTEN_AT + 10_000))
    assert clock.now < WRITTEN_AT + 75


@pytest.mark.parametrize("tries", [None, "4"])
def test_a_provider_that_sends_a_create_again_is_refused(
    monkeypatch: pytest.MonkeyPatch, tries: str | None
) -> None:
    monkeypatch.setattr(pulumi.Config, "get", lambda *_: tries)
    with pytest.raises(Refusal) as refused:
        program._require_single_tries()
    assert 'digitalocean:httpRetryMax: {value: "0"}' in refused.value.next_step


def test_a_provider_that_sends_each_request_once_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.Config, "get", lambda *_: "0")
    program._require_single_tries()


def test_a_plain_update_sends_the_token_to_no_foreign_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop_v1_hush")
    monkeypatch.delenv(FOREIGN_ENDPOINT, raising=False)
    config = {"apiEndpoint": "https://evil.example"}
    monkeypatch.setattr(pulumi.Config, "get", lambda _, key: config.get(key))
    with pytest.raises(Refusal, match=r"is at evil\.example, which is not DigitalOcean"):
        program._look(PLAN, State())


ATTACK = "pg\n::stop-commands::x ##[error] <{%x%}> \x1b[2J\u202e\ud800"
STEERS = re.compile(r"(?m)^\s*::|##\[|<\{%|[\x00-\x08\x1b\x7f-\x9f\u202e\ud800-\udfff]")


def test_an_attack_in_what_ends_the_program_steers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise Outage(ATTACK, next_step=ATTACK)

    monkeypatch.setattr(program, "_render_stack", fail)
    with pytest.raises(pulumi.RunError) as ended:
        program.main()
    assert not STEERS.search(str(ended.value))


@pytest.mark.parametrize("code", ["IA301", "IA306"])
def test_an_attack_in_what_the_program_found_steers_nobody(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    diagnostic = Diagnostic(CODES[code], Place(f"/x/{ATTACK}"), ATTACK, ATTACK)
    try:
        program._report((diagnostic,))
    except pulumi.RunError as error:
        warnings.append(str(error))
    assert [text for text in warnings if "stop-commands" in text] == warnings != []
    assert not STEERS.search(warnings[0])
