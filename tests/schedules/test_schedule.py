"""The numbers of schedules are stable, and requests are recognised whatever their ids."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.schedules.schedule import (
    Request,
    load_recorded,
    pairs,
    random_sequences,
    requests_of,
    singles,
)

UUID = "cccc0001-0000-4000-8000-000000000001"


@pytest.mark.parametrize("fleet", ["one", "three", "four"])
def test_every_request_of_a_fleet_is_struck_and_every_schedule_has_its_number(fleet: str) -> None:
    runs = load_recorded(fleet)
    schedules = singles(runs)
    assert [schedule.number for schedule in schedules] == list(range(1, len(schedules) + 1))
    assert len(set(map(str, schedules))) == len(schedules)
    for struck_run, requests in enumerate(runs):
        struck = {
            schedule.strikes[-1].request
            for schedule in schedules
            if len(schedule.strikes) == struck_run + 1 and schedule.strikes[-1]
        }
        assert struck == set(requests)


def test_pairs_strike_two_runs_and_the_same_seed_gives_the_same_sequences() -> None:
    assert {len(schedule.strikes) for schedule in pairs(load_recorded("one"))} == {2}
    runs = load_recorded("four")
    sequences = random_sequences(runs, 50, 7)
    assert sequences == random_sequences(runs, 50, 7) != random_sequences(runs, 50, 8)
    assert {len(schedule.strikes) for schedule in sequences} == {1, 2, 3, 4, 5}


def test_requests_are_counted_by_a_glob_that_matches_their_paths() -> None:
    paths = [
        f"/v2/firewalls/{UUID}",
        f"/v2/databases/{UUID}/users/shop",
        "/v2/droplets/400000001",
        "/v2/tags/env:prod",
    ]
    log = [{"method": "GET", "path": path} for path in [*paths, *paths]]
    requests = requests_of(log)
    assert [request.nth for request in requests] == [1, 2] * 4
    globs = {request.path for request in requests}
    for path in paths:
        assert sum(fnmatchcase(path, glob) for glob in globs) == 1


@pytest.mark.parametrize("path", [f"/v2/firewalls/{UUID}", "/v2/droplets/400000001"])
def test_what_lies_below_an_id_is_another_request(path: str) -> None:
    (request,) = requests_of([{"method": "GET", "path": path}])
    assert not fnmatchcase(f"{path}/actions", request.path)


def test_a_request_is_shown_without_its_wildcards() -> None:
    (request,) = requests_of([{"method": "GET", "path": f"/v2/firewalls/{UUID}"}])
    assert str(request) == "GET /v2/firewalls/{id} no. 1"
    assert str(Request("POST", "/v2/droplets", 2)) == "POST /v2/droplets no. 2"
