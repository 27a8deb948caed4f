"""Whether ports answer, asked from this machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from queue import Empty, Queue
from threading import Thread
from typing import Literal, TypeAlias

Answer = Literal["answers", "refused", "silent", "unknown"]
"""`silent`: nothing came back in time. `unknown`: it could not be asked, a name without address."""

Target: TypeAlias = tuple[str, int]
"""A host name or address, and a TCP port."""


def probe_ports(
    targets: Iterable[Target],
    *,
    timeout: float = 2.0,
    parallel: int = 32,
    on_answer: Callable[[int, int], None] | None = None,
) -> dict[Target, Answer]:
    """Open a TCP connection to each target and close it again; nothing is sent. Never raises.

    `timeout` is in seconds for each connection; `on_answer(done, total)` follows every answer.
    Looking up a name can take longer than any timeout, so all of it ends after
    `timeout * (targets / parallel + 2)`; what has not answered by then is `unknown`.
    """
    waiting: Queue[Target] = Queue()
    answers: Queue[tuple[Target, Answer]] = Queue()
    distinct = sorted(set(targets))
    for target in distinct:
        waiting.put(target)
    for _ in range(min(parallel, len(distinct))):
        # Daemons, so that a name server that never answers cannot keep the process alive.
        Thread(target=_work, args=(waiting, answers, timeout), daemon=True).start()
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


def _work(waiting: Queue[Target], answers: Queue[tuple[Target, Answer]], timeout: float) -> None:
    while True:
        try:
            target = waiting.get_nowait()
        except Empty:
            return
        answers.put((target, _ask(target, timeout)))


def _ask(target: Target, timeout: float) -> Answer:
    try:
        socket.create_connection(target, timeout).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except (OSError, ValueError, OverflowError):
        return "unknown"  # no route, no such name, no such port
    return "answers"
