"""Grants as the engine calls them; the SQL is tried on real servers in tests/postgres."""

from __future__ import annotations

import base64
import sys
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider

from infra_apply.errors import Failure
from infra_apply.reconcile.state import GRANTS
from infra_apply.render.grants import REHEARSAL, Grants, GrantsProvider
from tests.digitalocean.test_client import server

INPUTS: Any = {"clusterId": "c-1", "database": "shop", "users": ["shop"], "enforce": True}
RIGHT: Any = {**INPUTS, "drift": [], "turns": True}
DRIFTED: Any = {**RIGHT, "drift": ["everybody has CONNECT on the database"]}
REFUSED = (401, {"id": "unauthorized", "message": "Unable to authenticate you"})


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DIGITALOCEAN_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv(REHEARSAL, raising=False)
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)


def provider(**config: str) -> GrantsProvider:
    made = GrantsProvider()
    raw = {f"digitalocean:{key}": value for key, value in config.items()}
    made.configure(ConfigureRequest(Config(raw, "infra-apply")))
    return made


def test_what_the_state_keeps_of_the_code_is_two_names_that_never_change() -> None:
    kept = base64.b64decode(serialize_provider(GrantsProvider()))
    assert b"infra_apply.render.grants" in kept
    assert b"GrantsProvider" in kept
    assert len(kept) < 70
    assert f"pulumi-python:{Grants._resource_type_name}" == GRANTS


@pytest.mark.parametrize(
    ("olds", "news", "changes"),
    [
        (RIGHT, INPUTS, False),
        (DRIFTED, INPUTS, True),
        (RIGHT, {**INPUTS, "users": ["shop", "shop_2"]}, True),
        (RIGHT, {**INPUTS, "connections": 7}, True),
        ({**RIGHT, "connections": 7.0}, {**INPUTS, "connections": 7}, False),
        (RIGHT, {**INPUTS, "enforce": False}, True),
        ({**DRIFTED, "enforce": False}, {**INPUTS, "enforce": False}, False),
    ],
)
def test_it_changes_where_its_inputs_do_or_where_there_is_something_to_mend(
    olds: Any, news: Any, changes: bool
) -> None:
    difference = provider().diff("c-1/shop", olds, news)
    assert (difference.changes, difference.replaces) == (changes, None)


def test_where_isolation_is_off_nobody_is_asked_and_nothing_is_changed() -> None:
    off = {**DRIFTED, "enforce": False}
    without_token = provider()
    assert without_token.read("c-1/shop", off).outs == off
    assert without_token.update("c-1/shop", DRIFTED, off).outs == {
        **INPUTS,
        "enforce": False,
        "drift": [],
        "turns": False,
    }


def test_a_rehearsal_without_servers_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL, "off")
    rehearsed = provider(apiEndpoint="http://127.0.0.1:1")
    assert rehearsed.create(INPUTS).outs == {**INPUTS, "drift": [], "turns": False}
    assert rehearsed.read("c-1/shop", RIGHT).outs == RIGHT


def test_a_real_account_is_asked_whatever_is_said_of_rehearsals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REHEARSAL, "off")
    with pytest.raises(Failure, match="no DigitalOcean token"):
        provider().create(INPUTS)


@pytest.mark.parametrize("answer", [REFUSED, (501, {"message": "no"}), (200, {"database": {}})])
def test_a_refresh_that_cannot_look_keeps_what_the_state_has_and_says_so(
    answer: tuple[int, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with server(answer) as (url, _):
        kept = provider(token="t", apiEndpoint=url).read("c-1/shop", DRIFTED)
    assert (kept.id, kept.outs) == ("c-1/shop", DRIFTED)
    assert kept.inputs == {**INPUTS, "drift": DRIFTED["drift"]}
    printed = capsys.readouterr()
    assert printed.out == ""  # the engine reads the provider's port there
    assert printed.err.startswith("warning: the grants of shop were not verified: ")


def test_a_change_that_cannot_be_made_fails_in_one_line_without_the_programs_source() -> None:
    with server(REFUSED) as (url, _), pytest.raises(Failure) as refused:
        provider(token="t", apiEndpoint=url).update("c-1/shop", RIGHT, INPUTS)
    error = refused.value
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert "line" not in text
    assert "DigitalOcean does not accept the token" in text


def test_the_environment_leads_to_the_account_before_the_configuration_of_an_old_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(REFUSED) as (old, asked_old), server(REFUSED) as (new, asked_new):
        monkeypatch.setenv("DIGITALOCEAN_API_URL", new)
        monkeypatch.setenv("DIGITALOCEAN_TOKEN", "new")
        provider(token="old", apiEndpoint=old).read("c-1/shop", RIGHT)
    assert (asked_old, asked_new) == ([], ["/v2/databases/c-1"])


@given(st.dictionaries(st.text(), st.text()))
def test_to_forget_it_opens_nothing(props: dict[str, str]) -> None:
    provider().delete("c-1/shop", props)  # without a token it could not even ask
