"""The simulated API over HTTP, on the loopback interface only.

One lock, so requests are answered one after the other. Every change is in `account.json` before
its answer is sent: a killed client or server loses nothing that was answered. `account.json`
is the state of `rehearsal.account`, and may be edited while the server runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from infra_apply.rehearsal.simulator import listener
from infra_apply.rehearsal.simulator.account.routes import NOT_MODELLED, handle
from infra_apply.rehearsal.simulator.account.wire import (
    Object,
    Request,
    Response,
    State,
    error_body,
)
from infra_apply.rehearsal.simulator.faults import Armed, Fault
from infra_apply.rehearsal.simulator.storage import Ledger

TOKEN_PREFIX: Final = "rehearsal-"  # noqa: S105  (not a secret: it marks tokens that hold none)


@dataclass(frozen=True, slots=True)
class Server:
    """A running simulated API. `unmodelled`: the requests that were answered 501, in order."""

    url: str
    account_path: Path
    requests_path: Path
    unmodelled: list[str]
    _account: Account

    def state(self) -> State:
        """The account as it is now. It is not to be mutated."""
        return self._account.read()

    def edit(self, change: Callable[[State], State]) -> None:
        """Change the account behind the API's back, as a person in the console would."""
        self._account.edit(change)


@contextmanager
def serve(  # noqa: PLR0913  (settings, each with a default)
    directory: Path,
    seed: State,
    *,
    token: str | None = None,
    faults: Sequence[Fault] = (),
    clock_scale: float = 1.0,
    now: Callable[[], float] = time.time,
    port: int = 0,
) -> Iterator[Server]:
    """Serve an account on 127.0.0.1 until the block ends.

    `directory` keeps `account.json` and `requests.jsonl`; `seed` is used only if it holds no
    account yet. `token` is the one accepted (None: any that starts with "rehearsal-").
    `clock_scale` divides the simulator's waits; `now` gives seconds since 1970. `port` 0: any.
    """
    directory.mkdir(parents=True, exist_ok=True)
    account = Account(Ledger(directory, seed), token, Armed(faults), clock_scale, now)
    with listener.listening(account.answer, port) as (httpd, url):
        thread = Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Server(
                url, account.ledger.account, account.ledger.requests, account.unmodelled, account
            )
        finally:
            httpd.shutdown()
            thread.join()


@dataclass(slots=True)
class Account:
    """The account behind the server: state, files, token, faults and clock."""

    ledger: Ledger
    token: str | None
    faults: Armed
    clock: float
    now: Callable[[], float]
    unmodelled: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def read(self) -> State:
        with self.lock:
            return self.ledger.load()

    def edit(self, change: Callable[[State], State]) -> None:
        with self.lock:
            self.ledger.save(change(self.ledger.load()))

    def answer(self, arrived: listener.Arrival) -> Response | None:
        """The answer to a request; None drops the connection. Delays outside the lock."""
        with self.lock:
            fault = self.faults.strike(arrived.method, arrived.path)
        if fault and fault.when == "before":
            time.sleep(fault.delay)
        with self.lock:
            sent = self.decide(arrived, fault)
        if fault and fault.when == "after":
            time.sleep(fault.delay)
        return sent

    def decide(self, arrived: listener.Arrival, fault: Fault | None) -> Response | None:
        """Act on the account unless a fault strikes before it; record what was answered."""
        strike = fault if fault and (fault.drop or fault.status) else None
        body, broken = decoded(arrived.content)
        unseen = strike is not None and strike.when == "before"
        acted = None if unseen else broken or self.act(arrived, body)
        sent = faulty(strike) if strike else acted
        entry: Object = {
            "at": round(self.now(), 3),
            "method": arrived.method,
            "path": arrived.path,
            "query": dict(arrived.query),
            "body": body,
            "status": sent.status if sent else None,
        }
        if strike:
            entry["acted"] = acted.status if acted else None
        self.ledger.record(entry)
        return sent

    def act(self, arrived: listener.Arrival, body: object) -> Response:
        if not self.accepts(arrived.token):
            return Response(401, error_body("Unauthorized", "Unable to authenticate you"))
        request = Request(arrived.method, arrived.path, arrived.query, body, arrived.origin)
        try:
            state = self.ledger.load()
        except ValueError as error:
            return Response(500, error_body("server_error", str(error)))
        changed, response = handle(state, request, self.now(), clock=self.clock)
        if changed is not state:
            self.ledger.save(changed)
        if response.status == 501 and response.body["id"] == NOT_MODELLED:  # noqa: PLR2004
            self.unmodelled.append(f"{arrived.method} {arrived.path}")
        return response

    def accepts(self, token: str) -> bool:
        return token == self.token if self.token else token.startswith(TOKEN_PREFIX)


def decoded(content: bytes) -> tuple[object, Response | None]:
    """The JSON of a body (None when empty), or the refusal (400) of one that is not JSON."""
    if not content:
        return None, None
    try:
        return json.loads(content), None
    except ValueError:
        return None, Response(400, error_body("bad_request", "The body is not JSON."))


def faulty(fault: Fault) -> Response | None:
    if fault.status is None:
        return None
    words = "too_many_requests" if fault.status == 429 else "server_error"  # noqa: PLR2004
    return Response(fault.status, error_body(words, "A fault of the rehearsal."))
