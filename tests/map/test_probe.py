"""Whether ports answer, asked of sockets on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from infra_apply.map.probe import Answer, Target, probe_ports

LOOPBACK = ["127.0.0.1"]


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
    assert probe_ports([open_port, closed_port, open_port], addresses=LOOPBACK) == {
        open_port: "answers",
        closed_port: "refused",
    }


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (TimeoutError(), "silent"),
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
    assert probe_ports([("127.0.0.1", 80)], addresses=LOOPBACK) == {("127.0.0.1", 80): answer}


def test_progress_counts_to_the_end(open_port: Target, closed_port: Target) -> None:
    seen: list[tuple[int, int]] = []
    probe_ports(
        [open_port, closed_port],
        addresses=LOOPBACK,
        on_answer=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 2), (2, 2)]


def test_nothing_to_ask_is_answered_at_once() -> None:
    assert probe_ports([], addresses=LOOPBACK) == {}


def test_a_lookup_that_hangs_is_unknown_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = Event()

    def hang(*_: object, **__: object) -> None:
        release.wait()
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert probe_ports([("slow", 80)], addresses=LOOPBACK, timeout=0.01) == {
        ("slow", 80): "unknown"
    }
    release.set()


@pytest.mark.parametrize("error", [socket.gaierror(), UnicodeError("label too long")])
def test_a_name_without_an_address_is_unknown(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert probe_ports([("shop", 80)], addresses=LOOPBACK) == {("shop", 80): "unknown"}


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server on this machine to which nobody has connected yet."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0)
        yield server


def was_connected(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "::ffff:127.0.0.1"],
)
@pytest.mark.parametrize(
    "addresses", [[], ["100.64.0.11"], ["localhost", "127.1", "0.0.0.0", "lime.example"]]
)
def test_loopback_in_any_spelling_is_not_asked_unless_it_is_listed(
    listening: socket.socket, host: str, addresses: list[str]
) -> None:
    """The attack: a manifest's host and port lead to a service of the machine that draws the map.

    A host name that is listed opens nothing: it may lead here, or to a cloud's metadata.
    """
    target = (host, listening.getsockname()[1])
    assert probe_ports([target], addresses=addresses)[target] in {"elsewhere", "unknown"}
    assert not was_connected(listening)


def test_a_listed_address_is_asked_by_every_name_that_leads_there(
    listening: socket.socket,
) -> None:
    target = ("localhost", listening.getsockname()[1])
    assert probe_ports([target], addresses=["::1", "127.0.0.1"]) in (
        {target: "answers"},
        {target: "refused"},  # where `localhost` is ::1 first
    )


def test_a_name_is_looked_up_once_and_the_address_that_was_compared_is_asked(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: a name server that answers otherwise the second time (DNS rebinding)."""
    port = listening.getsockname()[1]
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebind(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        if host != "lime.example":
            return real(host, *rest, **more)  # type: ignore[arg-type]
        address = "::1" if asked.count(host) == 1 else "127.0.0.1"
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    target = ("lime.example", port)
    assert probe_ports([target], addresses=["::1"]) != {target: "answers"}
    assert asked.count("lime.example") == 1
    assert not was_connected(listening)


def test_nothing_is_sent_to_a_port_and_no_answer_is_read(listening: socket.socket) -> None:
    target = listening.getsockname()
    assert probe_ports([target], addresses=LOOPBACK) == {target: "answers"}
    listening.settimeout(60)
    with closing(listening.accept()[0]) as connection:
        connection.settimeout(60)
        assert connection.recv(1) == b""
