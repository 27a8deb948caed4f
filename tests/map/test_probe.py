"""Whether ports answer, asked of sockets on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from infra_apply.map.probe import Answer, Target, probe_ports


@pytest.fixture
def open_port() -> Iterator[Target]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()


@pytest.fixture
def closed_port() -> Target:
    """A port that was free a moment ago."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        spot: Target = listening.getsockname()
    return spot


def test_an_open_port_answers_and_a_closed_one_refuses(
    open_port: Target, closed_port: Target
) -> None:
    assert probe_ports([open_port, closed_port, open_port]) == {
        open_port: "answers",
        closed_port: "refused",
    }


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (TimeoutError(), "silent"),
        (socket.gaierror(), "unknown"),
        (OSError("no route"), "unknown"),
        (UnicodeError("label too long"), "unknown"),
    ],
)
def test_what_cannot_be_asked_is_not_taken_for_an_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception, answer: Answer
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    assert probe_ports([("shop", 80)]) == {("shop", 80): answer}


def test_progress_counts_to_the_end(open_port: Target, closed_port: Target) -> None:
    seen: list[tuple[int, int]] = []
    probe_ports([open_port, closed_port], on_answer=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_nothing_to_ask_is_answered_at_once() -> None:
    assert probe_ports([]) == {}


def test_a_lookup_that_hangs_is_unknown_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = Event()

    def hang(*_: object) -> None:
        release.wait()
        raise OSError("too late")

    monkeypatch.setattr(socket, "create_connection", hang)
    assert probe_ports([("slow", 80)], timeout=0.01) == {("slow", 80): "unknown"}
    release.set()
