"""A run of the reaper leaves a heartbeat on the account, and nothing else changes for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply import naming
from infra_apply.gpu.heartbeat import (
    HEARTBEAT_LASTS,
    Heartbeat,
    describe_heartbeat,
    latest_heartbeat,
)
from infra_apply.rehearsal.simulator.faults import Fault
from tests.gpu.droplets import NOW
from tests.gpu.reaped import FIRST, overdue, reap, served

BEAT = "infra-apply-reaper:acme:"
OTHERS = ("infra-apply-reaper:rival:5", f"{BEAT}soon", "infra-apply-reaper:acme-2:5", "env:prod")
TAGS = "/v2/tags"


def test_a_run_leaves_one_heartbeat_and_no_other_tag_changes(tmp_path: Path) -> None:
    before = int(time.time())
    with served(tmp_path, tags=[f"{BEAT}5", f"{BEAT}1700000000", *OTHERS]) as account:
        assert reap(account) == 0
        left = account.tags()
        methods = [request["method"] for request in account.requests() if "tags" in request["path"]]
    (beat,) = {*left} - {*OTHERS}
    assert {*OTHERS} <= {*left} and before <= int(beat.removeprefix(BEAT)) <= time.time()
    assert methods == ["POST", "GET", "DELETE", "DELETE"]  # there is one at any time


def test_a_fleet_s_name_is_written_as_in_every_tag(tmp_path: Path) -> None:
    with served(tmp_path) as account:
        assert reap(account, fleet="a.b:c") == 0
        (beat,) = account.tags()
    assert beat.startswith("infra-apply-reaper:a_x2e_b_x3a_c:")
    assert latest_heartbeat([beat], "a.b:c", time.time()).last is not None


def test_a_dry_run_leaves_none(tmp_path: Path) -> None:
    with served(tmp_path) as account:
        assert reap(account, "--dry-run") == 0
        assert account.tags() == []


@pytest.mark.parametrize(
    ("method", "words", "beats"),
    [
        ("POST", "leaves no heartbeat", 0),
        ("GET", "older heartbeats stay", 2),
        ("DELETE", "older", 2),
    ],
)
def test_a_token_without_tag_scopes_reaps_all_the_same_and_says_once_what_it_lacks(
    method: str, words: str, beats: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Fault(f"{TAGS}*", method, status=403, times=9)
    with served(tmp_path, overdue(1, FIRST), tags=[f"{BEAT}5"], faults=[refused]) as account:
        assert reap(account) == 0
        assert account.left() == []
        assert sum(tag.startswith(BEAT) for tag in account.tags()) == (beats or 1)
    err = capsys.readouterr().err
    assert err.count("tag:create tag:read tag:delete") == 1 and words in err


@pytest.mark.parametrize("fault", [Fault(TAGS, "POST", status=500), Fault(TAGS, "POST", drop=True)])
def test_a_heartbeat_that_fails_is_said_and_takes_nothing_from_the_run(
    fault: Fault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tmp_path, overdue(1, FIRST), faults=[fault]) as account:
        assert reap(account) == 0
        assert account.left() == []
    assert "leaves no heartbeat" in capsys.readouterr().err


def test_a_token_that_is_not_known_any_more_is_a_failure(tmp_path: Path) -> None:
    with served(tmp_path, faults=[Fault(TAGS, "POST", status=401)]) as account:
        assert reap(account) == 3


def test_a_run_that_may_not_end_anything_leaves_none(tmp_path: Path) -> None:
    refused = Fault("/v2/droplets/1", "DELETE", status=403)
    with served(tmp_path, overdue(1, FIRST), faults=[refused]) as account:
        assert reap(account) == 3
        assert not any(tag.startswith(BEAT) for tag in account.tags())


def test_what_is_said_of_a_reaper() -> None:
    fresh, old = Heartbeat(int(NOW) - 200), Heartbeat(int(NOW) - 7500)
    assert describe_heartbeat(fresh, NOW) == "the reaper ran 3 min ago"
    assert "2 h 05 min old, and one is due every 5 min" in describe_heartbeat(old, NOW)
    assert "ever" in describe_heartbeat(Heartbeat(None), NOW)
    assert "tag:read" in describe_heartbeat(Heartbeat(None, is_known=False), NOW)
    assert [beat.is_fresh(NOW) for beat in (fresh, old, Heartbeat(None))] == [True, False, False]


times = st.integers(0, 10**12 - 1)


@given(st.lists(times), times)
def test_a_heartbeat_says_that_a_reaper_runs_for_twice_its_length_at_most(
    beats: list[int], now: int
) -> None:
    tags = [naming.heartbeat_tag("acme", seconds) for seconds in beats]
    fresh = latest_heartbeat(tags, "acme", now).is_fresh(now)
    assert fresh == any(abs(seconds - now) < HEARTBEAT_LASTS for seconds in beats)


@given(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), times)
def test_a_fleet_s_heartbeat_is_no_other_s(fleet: str, other: str, now: int) -> None:
    tag = naming.heartbeat_tag(fleet, now)
    assert latest_heartbeat([tag], fleet, now).last == now
    if naming.tag_text(fleet).lower() != naming.tag_text(other).lower():
        assert latest_heartbeat([tag], other, now).last is None
