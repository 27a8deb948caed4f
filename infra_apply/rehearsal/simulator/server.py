"""The simulated API over HTTP, on the loopback interface only.

Requests are answered one after the other. Every change is in `account.json` before its answer is
sent, so a killed client or server loses nothing that was answered. `account.json` holds the state
that the package `account` reads and changes, and may be edited while the server runs.
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

from infra_apply.rehearsal.simulator.account.messages import (
    Object,
    Request,
    Response,
    State,
    error_body,
)
from infra_apply.rehearsal.simulator.account.routes import NOT_MODELLED, handle
from infra_apply.rehearsal.simulator.faults import Fault, FaultInjector
from infra_apply.rehearsal.simulator.listener import HttpRequest, listen
from infra_apply.rehearsal.simulator.storage import AccountFiles

TOKEN_PREFIX: Final = "rehearsal-"  # noqa: S105  (not a secret: it marks tokens that hold none)


@dataclass(frozen=True, slots=True)
class Server:
    """A running simulated API. `unmodelled`: the requests that were answered 501, in order."""

    url: str
    account_path: Path
    requests_path: Path
    unmodelled: list[str]
    _api: _Api

    def state(self) -> State:
        """Return the account's present state, which is not to be mutated."""
        return self._api.read()

    def edit(self, change: Callable[[State], State]) -> None:
        """Change the account without a request, as a person in the console would."""
        self._api.edit(change)


@contextmanager
def serve(  # noqa: PLR0913  (settings, each with a default)
    directory: Path,
    seed: State,
    *,
    token: str | None = None,
    faults: Sequence[Fault] = (),
    clock_scale: float = 1.0,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    port: int = 0,
) -> Iterator[Server]:
    """Serve an account on 127.0.0.1 until the block ends.

    `directory` keeps `account.json` and `requests.jsonl`; `seed` is used only if it holds no
    account yet. `token` is the one accepted (None: any that starts with "rehearsal-").
    `clock_scale` divides the simulator's waits; `now` gives seconds since 1970; `sleep` waits for
    the seconds of a fault's delay. `port` 0: any.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = AccountFiles(directory, seed)
    api = _Api(files, token, FaultInjector(faults), clock_scale, now, sleep)
    with listen(api.respond, port) as (httpd, url):
        thread = Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Server(url, files.account_path, files.requests_path, api.unmodelled, api)
        finally:
            httpd.shutdown()
            thread.join()


@dataclass(slots=True)
class _Api:
    """Answers requests about one account; the lock guards its files and the faults' counts."""

    files: AccountFiles
    token: str | None
    faults: FaultInjector
    clock_scale: float
    now: Callable[[], float]
    sleep: Callable[[float], None]
    unmodelled: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def read(self) -> State:
        with self.lock:
            return self.files.load()

    def edit(self, change: Callable[[State], State]) -> None:
        with self.lock:
            self.files.save(change(self.files.load()))

    def respond(self, request: HttpRequest) -> Response | None:
        """Answer a request; None drops the connection. Delays do not hold up other requests."""
        with self.lock:
            fault = self.faults.fault_for(request.method, request.path)
        if fault and fault.when == "before":
            self.sleep(fault.delay)
        with self.lock:
            response = self._respond_and_record(request, fault)
        if fault and fault.when == "after":
            self.sleep(fault.delay)
        return response

    def _respond_and_record(self, request: HttpRequest, fault: Fault | None) -> Response | None:
        """Let the account act unless a fault prevents it; record the answer that is sent."""
        failure = fault if fault and (fault.drop or fault.status) else None
        body, invalid = _parse_body(request.content)
        prevented = failure is not None and failure.when == "before"
        actual = None if prevented else invalid or self._act(request, body)
        response = _fault_response(failure) if failure else actual
        entry: Object = {
            "at": round(self.now(), 3),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": body,
            "status": response.status if response else None,
        }
        if failure:
            entry["acted"] = actual.status if actual else None
        self.files.record(entry)
        return response

    def _act(self, request: HttpRequest, body: object) -> Response:
        if not self._accepts(request.token):
            return Response(401, error_body("Unauthorized", "Unable to authenticate you"))
        message = Request(request.method, request.path, request.query, body, request.origin)
        try:
            state = self.files.load()
        except ValueError as error:
            return Response(500, error_body("server_error", str(error)))
        changed, response = handle(state, message, self.now(), clock_scale=self.clock_scale)
        if changed is not state:
            self.files.save(changed)
        if response.status == 501 and response.body["id"] == NOT_MODELLED:  # noqa: PLR2004
            self.unmodelled.append(f"{request.method} {request.path}")
        return response

    def _accepts(self, token: str) -> bool:
        return token == self.token if self.token else token.startswith(TOKEN_PREFIX)


def _parse_body(content: bytes) -> tuple[object, Response | None]:
    """Return a body's JSON (None when it is empty), or the answer (400) when it is not JSON."""
    if not content:
        return None, None
    try:
        return json.loads(content), None
    except ValueError:
        return None, Response(400, error_body("bad_request", "The body is not JSON."))


def _fault_response(fault: Fault) -> Response | None:
    if fault.status is None:
        return None
    error_id = "too_many_requests" if fault.status == 429 else "server_error"  # noqa: PLR2004
    return Response(fault.status, error_body(error_id, "A fault of the rehearsal."))
