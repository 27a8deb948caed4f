"""The judge of reviewed plans sees what was not reviewed, and nothing where all is right."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from tests.reviews.judge import Observed, Verdict, judge

JSON: TypeAlias = dict[str, Any]
EMPTY: JSON = {
    "droplets": [],
    "firewalls": [],
    "databases": [{"id": "c", "name": "shared-pg", "dbs": [], "users": []}],
}
DROPLET = {"name": "lime", "size_slug": "s-1", "region": {"slug": "nyc3"}, "tags": ["t"]}
FIREWALL = {"id": "f-1", "name": "lime", "tags": ["t"], "inbound_rules": []}
REFUSAL = "this is not what was reviewed:\n  Droplet lime: create was not reviewed"


def request(method: str, path: str, body: JSON | None = None, status: int = 200) -> JSON:
    return {"method": method, "path": path, "body": body, "status": status}


def applied(number: int = 1) -> Observed:
    """A droplet, whatever its number, and its firewall are made, and the firewall names it."""
    account = copy.deepcopy(EMPTY)
    account["droplets"] = [{"id": number, **DROPLET}]
    account["firewalls"] = [dict(FIREWALL)]
    requests = (
        request("POST", "/v2/droplets", {"name": "lime"}, 202),
        request("POST", f"/v2/droplets/{number}/actions", {"type": "resize"}),
        request("POST", "/v2/firewalls", {"name": "lime", "droplet_ids": [number]}),
    )
    held = {"type": "digitalocean:index/droplet:Droplet", "urn": "host$droplet::lime"}
    grants = {"type": "pulumi-python:dynamic/infra-apply:Grants", "urn": "database$Grants::shop"}
    flags = {"protect": True, "retainOnDelete": True}
    state = {"resources": [held | flags, grants | flags]}
    return Observed(0, "1 created", requests, EMPTY, account, {}, state)


def refused(output: str = REFUSAL) -> Observed:
    return Observed(1, output, (), EMPTY, EMPTY, {}, {})


def test_the_same_requests_are_right_whatever_ids_are_given() -> None:
    assert judge(applied(), applied()) == Verdict("applied")
    assert judge(applied(1), applied(47)) == Verdict("applied")


@pytest.mark.parametrize("output", [REFUSAL, "a.yaml:1:1: error[IA901]: there is no cluster"])
def test_a_refusal_that_names_what_moved_and_changes_nothing_is_right(output: str) -> None:
    assert judge(applied(), refused(output)) == Verdict("refused")


def another_port(observed: Observed) -> Observed:
    body = {"name": "lime", "droplet_ids": [1], "inbound_rules": [22]}
    changed = request("POST", "/v2/firewalls", body)
    return replace(observed, requests=(*observed.requests[:-1], changed))


def twice(observed: Observed) -> Observed:
    return replace(observed, requests=(*observed.requests, observed.requests[0]))


def an_older_droplet_resized(observed: Observed) -> Observed:
    """The same request, to a droplet that was there before."""
    requests = [*observed.requests]
    requests[1] = request("POST", "/v2/droplets/7/actions", {"type": "resize"})
    return replace(observed, requests=tuple(requests))


def without_firewall(observed: Observed) -> Observed:
    account = observed.account | {"firewalls": []}
    return replace(observed, requests=observed.requests[:-1], account=account)


def refused_by_the_api(observed: Observed) -> Observed:
    failed = observed.requests[-1] | {"status": 422}
    return replace(observed, requests=(*observed.requests[:-1], failed))


def ended_badly(observed: Observed) -> Observed:
    return replace(observed, code=1)


def unprotected(observed: Observed) -> Observed:
    state = copy.deepcopy(observed.state)
    state["resources"][0]["protect"] = False
    return replace(observed, state=state)


def grants_unprotected(observed: Observed) -> Observed:
    state = copy.deepcopy(observed.state)
    state["resources"][1]["protect"] = False
    return replace(observed, state=state)


def grants_left_out(observed: Observed) -> Observed:
    return replace(observed, state={"resources": observed.state["resources"][:1]})


@pytest.mark.parametrize(
    "spoil",
    [
        another_port,
        twice,
        an_older_droplet_resized,
        without_firewall,
        refused_by_the_api,
        ended_badly,
        unprotected,
        grants_unprotected,
        grants_left_out,
    ],
)
def test_whatever_is_not_what_was_reviewed_is_wrong(spoil: Callable[[Observed], Observed]) -> None:
    verdict = judge(applied(), spoil(applied()))
    assert verdict.outcome == "wrong"
    assert verdict.problems


@pytest.mark.parametrize(
    "spoilt",
    [
        refused("it did not work"),
        replace(refused(), account=applied().account),
        replace(refused(), state=applied().state),
        replace(refused(), requests=applied().requests[:1]),
        replace(refused(), code=3),
    ],
)
def test_a_refusal_that_names_nothing_or_changes_something_is_wrong(spoilt: Observed) -> None:
    assert judge(applied(), spoilt).outcome == "wrong"


def test_what_somebody_did_by_hand_need_not_be_done() -> None:
    """And a stranger's droplet that came meanwhile is none of it."""
    done = applied()
    stranger = {"id": 9, **DROPLET, "name": "other"}
    before = EMPTY | {"firewalls": [FIREWALL], "droplets": [stranger]}
    account = done.account | {"droplets": [stranger, *done.account["droplets"]]}
    requests = done.requests[:-1]
    by_hand = replace(done, requests=requests, account_before=before, account=account)
    assert judge(applied(), by_hand) == Verdict("done already")


def test_the_time_in_a_snapshots_name_means_nothing() -> None:
    names = ("lime-retired-20260101-1000", "lime-retired-20260102-1130")
    first, second = (
        replace(
            applied(),
            requests=(request("POST", "/v2/droplets/7/actions", {"name": name}),),
        )
        for name in names
    )
    assert judge(first, second) == Verdict("applied")
