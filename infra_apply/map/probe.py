"""Whether ports answer, asked from this machine."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Literal, TypeAlias

Answer = Literal["answers", "refused", "silent", "unknown", "elsewhere"]
"""`silent`: nothing came back in time. `unknown`: it could not be asked, a name without address.
`elsewhere`: it leads to no address that may be asked, and was not."""

Target: TypeAlias = tuple[str, int]
"""A host name or address, and a TCP port."""


def probe_ports(
    targets: Iterable[Target],
    *,
    addresses: Iterable[str],
    timeout: float = 2.0,
    parallel: int = 32,
    on_answer: Callable[[int, int], None] | None = None,
) -> dict[Target, Answer]:
    """Open a TCP connection to each target and close it again; nothing is sent. Never raises.

    Only `addresses` are connected to, each an IP address; host names among them open nothing. A
    target's name is looked up once, and the address that was compared is the one that is asked.
    `timeout` is in seconds for each connection; `on_answer(done, total)` follows every answer.
    Looking up a name can take longer than any timeout, so all of it ends after
    `timeout * (targets / parallel + 2)`; what has not answered by then is `unknown`.
    """
    allowed = frozenset(_literals(addresses))
    waiting: Queue[Target] = Queue()
    answers: Queue[tuple[Target, Answer]] = Queue()
    distinct = sorted(set(targets))
    for target in distinct:
        waiting.put(target)
    for _ in range(min(parallel, len(distinct))):
        # Daemons, so that a name server that never answers cannot keep the process alive.
        Thread(target=_work, args=(waiting, answers, allowed, timeout), daemon=True).start()
    answers_by_target: dict[Target, Answer] = dict.fromkeys(distinct, "unknown")
    end = time.monotonic() + timeout * (len(distinct) / parallel + 2)
    for done in range(1, len(distinct) + 1):
        try:
            target, answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        answers_by_target[target] = answer
        if on_answer:
            on_answer(done, len(distinct))
    return answers_by_target


def _literals(addresses: Iterable[str]) -> Iterator[_Address]:
    """Yield the IP addresses among addresses; the unspecified one leads to this machine."""
    for address in addresses:
        with suppress(ValueError):
            literal = ipaddress.ip_address(address)
            if not literal.is_unspecified:
                yield literal


_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def _work(
    waiting: Queue[Target],
    answers: Queue[tuple[Target, Answer]],
    allowed: Collection[_Address],
    timeout: float,
) -> None:
    while True:
        try:
            target = waiting.get_nowait()
        except Empty:
            return
        answers.put((target, _ask(target, allowed, timeout)))


def _ask(target: Target, allowed: Collection[_Address], timeout: float) -> Answer:
    host, port = target
    try:
        address = next((known for known in _looked_up(host, port) if known in allowed), None)
        if address is None:
            return "elsewhere"
        socket.create_connection((str(address), port), timeout).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except (OSError, ValueError, OverflowError):
        return "unknown"  # no route, no such name, no such port
    return "answers"


def _looked_up(host: str, port: int) -> list[_Address]:
    """Return the addresses of a name; an address is its own, and no name server is asked."""
    with suppress(ValueError):
        return [ipaddress.ip_address(host)]
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries]
