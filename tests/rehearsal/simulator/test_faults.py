"""Faults files: what they may hold, and at which requests a fault happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra_apply.rehearsal.simulator.faults import (
    Fault,
    FaultInjector,
    FaultsError,
    load_faults,
    parse_faults,
)


def test_a_faults_file_is_a_list_of_mappings(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(
        "- {method: POST, path: /v2/droplets, when: after, drop: true}\n"
        "- {path: /v2/tags/*, nth: 2, times: 3, status: 503, delay: 0.5}\n"
        "- {path: /v2/firewalls, hidden: 30, drop: true}\n"
        "- {path: /v2/*/dbs, late: 2.5}\n"
    )
    assert load_faults(path) == (
        Fault(path="/v2/droplets", method="POST", when="after", drop=True),
        Fault(path="/v2/tags/*", nth=2, times=3, status=503, delay=0.5),
        Fault(path="/v2/firewalls", hidden=30, drop=True),
        Fault(path="/v2/*/dbs", late=2.5),
    )


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("text", "must be a mapping"),
        ({"drop": True}, "path is required"),
        ({"path": "v2", "drop": True}, "path is required"),
        ({"path": "/v2", "drop": True, "paht": 1}, "unknown key 'paht'"),
        ({"path": "/v2"}, "needs one of status, delay, drop, hidden, late"),
        ({"path": "/v2", "status": 200}, "400 to 599"),
        ({"path": "/v2", "status": True}, "400 to 599"),
        ({"path": "/v2", "delay": -1}, "delay must be"),
        ({"path": "/v2", "delay": "1s"}, "delay must be"),
        ({"path": "/v2", "hidden": -1}, "hidden must be a number of seconds"),
        ({"path": "/v2", "late": "1m"}, "late must be a number of seconds"),
        ({"path": "/v2", "late": float("inf")}, "late must be a number of seconds"),
        ({"path": "/v2", "late": 1, "when": "after"}, "late and when exclude each other"),
        ({"path": "/v2", "hidden": 1, "when": "before"}, "hidden and when exclude each other"),
        ({"path": "/v2", "hidden": 1, "late": 1}, "hidden and late exclude each other"),
        ({"path": "/v2", "drop": "yes"}, "true or false"),
        ({"path": "/v2", "drop": True, "status": 500}, "exclude each other"),
        ({"path": "/v2", "status": 500, "nth": 0}, "nth must be a whole number from 1"),
        ({"path": "/v2", "status": 500, "times": "2"}, "times must be a whole number from 1"),
        ({"path": "/v2", "status": 500, "when": "during"}, "before or after"),
        ({"path": "/v2", "status": 500, "method": "post"}, "one of GET, POST"),
    ],
)
def test_a_fault_that_makes_no_sense_is_named_with_its_number(item: Any, message: str) -> None:
    with pytest.raises(FaultsError, match=message) as raised:
        parse_faults([{"path": "/v2", "drop": True}, item], "f.yaml")
    assert str(raised.value).startswith("f.yaml: fault 2: ")


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(FaultsError) as raised:
        parse_faults([{"nth": 0}, {"path": "/v2", "status": 1}])
    assert len(str(raised.value).splitlines()) == 4


@pytest.mark.parametrize(
    ("content", "message"), [("[", "not YAML"), ("a: 1", "must be a list"), (None, "No such file")]
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "faults.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FaultsError, match=message) as raised:
        load_faults(path)
    assert str(path) in str(raised.value)


def test_a_fault_happens_from_the_nth_request_as_often_as_it_says() -> None:
    fault = Fault(path="/v2/droplets*", method="GET", nth=2, times=2, status=500)
    injector = FaultInjector([fault])
    hits = []
    for method, path in [
        ("GET", "/v2/droplets"),
        ("POST", "/v2/droplets"),
        ("GET", "/v2/tags"),
        ("GET", "/v2/droplets/1"),
        ("GET", "/v2/droplets"),
        ("GET", "/v2/droplets"),
    ]:
        hits.append(injector.fault_for(method, path) is fault)
    assert hits == [False, False, False, True, True, False]


def test_of_two_faults_that_are_due_the_first_happens_and_both_count() -> None:
    first, second = Fault(path="/*", status=500), Fault(path="/*", nth=2, status=502)
    injector = FaultInjector([first, second])
    assert [injector.fault_for("GET", "/v2/tags") for _ in range(3)] == [first, second, None]
