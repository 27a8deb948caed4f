"""What a failed run reports, and whether it may be gone on with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.apply.requests import failed_request
from infra_apply.apply.verdict import judge
from infra_apply.engine.events import EngineMessage
from tests.apply.steps import error, urn

API = "https://api.digitalocean.com"
REQUEST = '(request "8b3c0a52-4290-4000-8000-000000000000")'

# An error as it is reported -> whether the same run may pass later, and whether the request may
# have made something all the same.
REPORTED = {
    f"Error creating droplet: POST {API}/v2/droplets: 422 {REQUEST} name is taken": (False, False),
    f"Error creating Database DB: POST {API}/v2/databases/1/dbs: 409 {REQUEST} taken": (
        False,
        False,
    ),
    f"POST {API}/v2/droplets: 401 {REQUEST} Unable to authenticate you": (False, False),
    f"POST {API}/v2/droplets: 403 {REQUEST} You are not authorized": (False, False),
    f"Error retrieving droplet: GET {API}/v2/droplets/1: 404 {REQUEST} not found": (False, False),
    f"POST {API}/v2/droplets: 501 not implemented": (False, False),
    f"POST {API}/v2/droplets: 429 {REQUEST} API rate limit exceeded": (True, False),
    f"POST {API}/v2/droplets: 500 {REQUEST} Server was unable to give you a response": (True, True),
    f"POST {API}/v2/firewalls: 503 {REQUEST} unavailable": (True, True),
    f"POST {API}/v2/droplets: 500 down; giving up after 5 attempt(s)": (True, True),
    f"GET {API}/v2/droplets/1: 502 {REQUEST} Bad Gateway": (True, False),
    f"DELETE {API}/v2/tags/x/resources: 500 {REQUEST} down": (True, False),
    f'Error creating droplet: Post "{API}/v2/droplets": EOF': (True, True),
    f'Post "{API}/v2/droplets": read tcp 10.0.0.2:4->10.0.0.3:443: connection reset by peer': (
        True,
        True,
    ),
    f'Post "{API}/v2/droplets": context deadline exceeded (Client.Timeout exceeded)': (True, True),
    f'Post "{API}/v2/droplets": net/http: TLS handshake timeout': (True, True),
    f'Post "{API}/v2/droplets": dial tcp 127.0.0.1:9: connect: connection refused': (True, False),
    f'Post "{API}/v2/droplets": dial tcp: lookup api.example.com: no such host': (True, False),
    f'POST {API}/v2/droplets giving up after 5 attempt(s): Post "{API}/v2/droplets": EOF': (
        True,
        True,
    ),
    f'Get "{API}/v2/droplets/1": EOF': (True, False),
    f"POST {API}/v2/droplets: ('Connection aborted.', RemoteDisconnected('closed'))": (True, True),
    "Error waiting for droplet (1) to become ready: timeout while waiting for state to become "
    "'active' (last state: 'new', timeout: 1m0s)": (True, False),
    f"expected non-nil error with nil state during Create of {urn('Droplet', 'lime')}": (
        True,
        True,
    ),
    "Preview failed: resource 'bbbb0001,wiki' does not exist": (True, False),
    "DigitalOcean's API cannot be reached at api.example.com (GET /v2/databases): timed out\n"
    "  state: nothing was changed; it was tried several times": (True, False),
    "DigitalOcean's API at api.example.com answered GET /v2/databases with: 503 down": (
        True,
        False,
    ),
    "DigitalOcean's API at api.example.com answered GET /v2/databases with: 403 no": (False, False),
    "DigitalOcean does not accept the token (GET /v2/databases: 401)": (False, False),
    "projects/shop/.infra.yaml:3:5: error[IA503]: there is no host `limee`": (False, False),
    'resource "lime" cannot be deleted because it is protected': (False, False),
}


@pytest.mark.parametrize("text", REPORTED)
def test_only_a_typed_outage_may_be_gone_on_with(text: str) -> None:
    verdict = judge([error(f"1 error occurred:\n\t* {text}\n\n"), error("update failed")])
    assert (verdict.may_go_on, bool(verdict.lost_creates)) == REPORTED[text]


def test_the_request_is_read_from_the_providers_words() -> None:
    request = failed_request(f"x: POST {API}/v2/databases/1/dbs: 422 {REQUEST} name is taken")
    assert request is not None
    assert (request.method, request.path) == ("POST", "/v2/databases/1/dbs")
    assert (request.status, request.answer) == (422, "name is taken")


def test_a_cluster_that_cannot_be_reached_may_be_gone_on_with_and_a_refusal_not() -> None:
    away = "infra_apply.postgres.admin.Unreachable: the cluster cannot be reached at pg:25060: x"
    verdict = judge([error(f"{away}\n  state: ...", "Grants", "shop")])
    reason = "the cluster cannot be reached at pg:25060: x"
    assert (verdict.may_go_on, verdict.reasons) == (True, (reason,))
    refused = "infra_apply.errors.Refusal: the database `shop` cannot be separated"
    assert not judge([error(refused, "Grants", "shop")]).may_go_on


def test_one_refusal_among_outages_stops_the_run() -> None:
    outage, refusal = f"POST {API}/v2/droplets: 500 down", f"POST {API}/v2/firewalls: 422 taken"
    assert judge([error(outage)]).may_go_on
    verdict = judge([error(outage), error(refusal, "Firewall")])
    assert not verdict.may_go_on
    assert verdict.lost_creates == (urn("Droplet", "lime"),)


def test_what_was_not_come_to_is_no_error_of_its_own() -> None:
    unseen = error(f"expected resource operations for {urn('Droplet', 'lime')} but none were seen")
    assert judge([error(f"POST {API}/v2/tags: 503 down", "Tag", "t"), unseen]).may_go_on
    assert not judge([unseen]).may_go_on


def test_a_run_that_gives_no_reason_is_not_gone_on_with() -> None:
    assert not judge([]).may_go_on
    assert not judge([EngineMessage("error", "update failed", "")]).may_go_on


def test_each_outage_is_named_once() -> None:
    verdict = judge([error(f'Post "{API}/v2/droplets": EOF')] * 2)
    assert verdict.reasons == ("POST /v2/droplets: EOF",)


@given(st.integers(400, 499).filter(lambda status: status != 429), st.text(max_size=40))
def test_no_other_4xx_is_ever_gone_on_with(status: int, message: str) -> None:
    text = f"Error: POST {API}/v2/droplets: {status} {REQUEST} {message}"
    assert judge([error(text)]) == judge([error(text)])
    assert not judge([error(text)]).may_go_on


@given(st.text(max_size=200))
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = judge([error(text)])
    assert verdict.may_go_on or not verdict.lost_creates
