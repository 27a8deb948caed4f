"""`gpu reap` looks at a slot again right before it ends it, and says what a token is refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from infra_apply.gpu import destroyer
from infra_apply.rehearsal.simulator.faults import Fault
from tests.gpu.reaped import FIRST, SECOND, overdue, reap, served, tag_first

LEASE = f"infra-apply-lease:{int(time.time())}"
LOOK = Fault("/v2/droplets/1", "GET", delay=1)  # what a test changes happens before it is answered


def idle(droplet: dict[str, Any]) -> dict[str, Any]:
    """One that never had a lease, and is hours old, with a deadline to come."""
    tags = [tag for tag in droplet["tags"] if "deadline" not in tag]
    to_come = f"infra-apply-deadline:{int(time.time()) + 3600}"
    made_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7200))
    return droplet | {"tags": [*tags, to_come], "created_at": made_at}


def test_a_lease_taken_meanwhile_saves_the_slot_and_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    droplets = idle(overdue(1, FIRST)), idle(overdue(2, SECOND))
    with served(tmp_path, *droplets, faults=[LOOK], meanwhile=tag_first(LEASE)) as account:
        assert reap(account) == 0
        assert account.left() == [1]
    out, err = capsys.readouterr()
    assert out.count("end    train") == 2
    assert "keep   train aaaaaa, droplet 1, looked at again: its lease is live" in err
    assert "ended train bbbbbb" in err


def test_one_that_is_gone_meanwhile_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def remove(droplets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return droplets[1:]

    with served(
        tmp_path, overdue(1, FIRST), overdue(2, SECOND), faults=[LOOK], meanwhile=remove
    ) as account:
        assert reap(account) == 0
        assert account.left() == []
        assert account.deleted() == ["/v2/droplets/2"]
    assert "droplet 1: it was gone already" in capsys.readouterr().err


def test_one_that_is_no_longer_said_to_be_the_fleet_s_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def give_away(droplets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [droplets[0] | {"tags": []}, *droplets[1:]]

    with served(tmp_path, overdue(1, FIRST), faults=[LOOK], meanwhile=give_away) as account:
        assert reap(account) == 1
        assert account.left() == [1]
    assert "REPORT train aaaaaa, droplet 1, looked at again" in capsys.readouterr().err


def test_one_that_cannot_be_looked_at_again_is_not_ended_and_the_others_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    down = Fault("/v2/droplets/1", "GET", status=503, times=9)
    with served(tmp_path, overdue(1, FIRST), overdue(2, SECOND), faults=[down]) as account:
        assert reap(account) == 3
        assert account.left() == [1]
    assert "GET /v2/droplets/1" in capsys.readouterr().err


def test_a_dry_run_looks_once(tmp_path: Path) -> None:
    with served(tmp_path, overdue(1, FIRST)) as account:
        assert reap(account, "--dry-run") == 0
        assert [request["method"] for request in account.requests()] == ["GET"]
        assert account.left() == [1]


@pytest.mark.parametrize("variable", ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"])
def test_a_token_that_is_not_known_is_said_with_its_variable_and_the_scopes_it_needs(
    variable: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tmp_path, overdue(1, FIRST)) as account:
        assert reap(account, variable=variable, token="wrong") == 3
        assert account.left() == [1]
    err = capsys.readouterr().err
    assert "401" in err and f"check {variable};" in err and "wrong" not in err
    assert "droplet:read droplet:delete" in err and "bills" in err


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v2/droplets/2"), ("DELETE", "/v2/droplets/2")]
)
def test_a_token_refused_on_the_way_is_said_beside_what_else_failed(
    method: str,
    path: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(destroyer, "_BETWEEN_LOOKS", 0.0)
    stuck = Fault("/v2/droplets/1", "DELETE", status=422, times=99)
    refused = Fault(path, method, status=401, times=99)
    droplets = overdue(1, FIRST), overdue(2, SECOND), overdue(3, "cccccc")
    with served(tmp_path, *droplets, faults=[stuck, refused]) as account:
        assert reap(account) == 3
        assert account.left() == [1, 2, 3]
        assert not any(deleted.endswith("/3") for deleted in account.deleted())
    err = capsys.readouterr().err
    assert "droplet 1 is still there" in err
    assert "does not accept the token" in err and "2 slots may still be there" in err
