"""Answers to requests about one account, with the faults that were asked for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from infra_apply.rehearsal.simulator.account import hiding, late
from infra_apply.rehearsal.simulator.account.messages import (
    ChangeHook,
    ErrorResponse,
    Object,
    Request,
    Response,
    State,
    error_body,
)
from infra_apply.rehearsal.simulator.account.routes import NOT_MODELLED, handle
from infra_apply.rehearsal.simulator.faults import Fault, FaultInjector
from infra_apply.rehearsal.simulator.limits import RateLimits
from infra_apply.rehearsal.simulator.listener import HttpRequest
from infra_apply.rehearsal.simulator.storage import AccountFiles

TOKEN_PREFIX: Final = "rehearsal-"  # noqa: S105  (not a secret: it marks tokens that hold none)


def new_token() -> str:
    """Make a token that nobody can guess."""
    return TOKEN_PREFIX + secrets.token_hex(24)


@dataclass(slots=True)
class Api:
    """Answers requests about one account.

    `token` is the one accepted (None: any that starts with "rehearsal-"). `unmodelled` are the
    requests that were answered 501, in order. `on_change` is called before a change is written, and
    an ErrorResponse that it raises is the answer instead. The lock guards the faults' counts, and
    the account's files in this process; other processes are kept away from the files by
    `AccountFiles.held`.
    """

    files: AccountFiles
    token: str | None
    faults: FaultInjector
    limits: RateLimits | None
    clock_scale: float
    now: Callable[[], float]
    sleep: Callable[[float], None]
    on_change: ChangeHook
    unmodelled: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def read(self) -> State:
        """Return the account as it is now."""
        with self._alone():
            return self._settled(self.now())

    def edit(self, change: Callable[[State], State]) -> None:
        """Change the account without a request. Raises ErrorResponse if the hook does."""
        with self._alone():
            state = self._settled(self.now())
            self._save(state, change(state))

    def settle(self) -> None:
        """Write the effects that are due, so that account.json is right where nobody asks again."""
        with suppress(OSError, ValueError), self._alone():
            self._settled(self.now())

    def respond(self, request: HttpRequest) -> Response | None:
        """Answer a request; None drops the connection. Delays do not hold up other requests."""
        with self.lock:
            headers, refusal = self._admit(request)
            fault = None if refusal else self.faults.fault_for(request.method, request.path)
        if fault and fault.delay and fault.when == "before":
            self.sleep(fault.delay)
        with self._alone():
            response = self._respond_and_record(request, fault, refusal)
        if fault and fault.delay and fault.when == "after":
            self.sleep(fault.delay)
        return response and replace(response, headers={**headers, **response.headers})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.lock, self.files.held():
            yield

    def _admit(self, request: HttpRequest) -> tuple[Mapping[str, str], Response | None]:
        """Return the headers of the rate limits, and the refusal of a request beyond them."""
        if self.limits is None:
            return {}, None
        return self.limits.admit(request.token, request.method, request.path, self.now())

    def _respond_and_record(
        self, request: HttpRequest, fault: Fault | None, refusal: Response | None
    ) -> Response | None:
        """Let the account act unless a fault prevents it; record the answer that is sent."""
        now = self.now()
        body, invalid = _parse_body(request.content)
        prevented = fault is not None and fault.prevents_effect
        actual = None if prevented else refusal or invalid or self._act(request, body, fault, now)
        failure = fault if fault and fault.loses_answer else None
        response = _fault_response(failure) if failure else actual
        entry: Object = {
            "at": round(now, 3),
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

    def _act(
        self, request: HttpRequest, body: object, fault: Fault | None, now: float
    ) -> Response | None:
        """Let the account act, now or late; None if its answer is not known yet."""
        if not self._accepts(request.token):
            return Response(401, error_body("Unauthorized", "Unable to authenticate you"))
        try:
            return self._act_on_account(request, body, fault, now)
        except ErrorResponse as error:
            return error.response
        except ValueError as error:
            return Response(500, error_body("server_error", str(error)))
        except KeyError as error:  # somebody's edit left it out
            text = f"{self.files.account_path}: something in it has no {error}"
            return Response(500, error_body("server_error", text))

    def _act_on_account(
        self, request: HttpRequest, body: object, fault: Fault | None, now: float
    ) -> Response | None:
        message = Request(request.method, request.path, request.query, body, request.origin)
        state = self._settled(now)
        if fault and fault.late is not None:
            at = now + fault.late / self.clock_scale
            self.files.save(late.postpone(state, message, at))
            return None
        if request.method == "GET":
            _, response = handle(hiding.visible(state, request.path), message, now)
        else:
            changed, response = handle(state, message, now, clock_scale=self.clock_scale)
            if fault and fault.hidden is not None:
                until = now + fault.hidden / self.clock_scale
                changed = hiding.hide_new(state, changed, request.path, until)
            if changed is not state:
                self._save(state, changed)
        if response.status == 501 and response.body["id"] == NOT_MODELLED:  # noqa: PLR2004
            self.unmodelled.append(f"{request.method} {request.path}")
        return response

    def _settled(self, now: float) -> State:
        """Return the account as it is at `now`, written. Raises ValueError if it cannot be read."""
        state = self.files.load()
        settled = late.settle(state, now, clock_scale=self.clock_scale, on_change=self.on_change)
        if settled is not state:
            self.files.save(settled)
        return settled

    def _save(self, before: State, after: State) -> None:
        self.on_change(before, after)
        self.files.save(after)

    def _accepts(self, token: str) -> bool:
        if self.token:
            return secrets.compare_digest(token.encode(), self.token.encode())
        return token.startswith(TOKEN_PREFIX)


def _parse_body(content: bytes) -> tuple[object, Response | None]:
    """Return a body's JSON (None when it is empty), or the answer (400) when it is not JSON."""
    if not content:
        return None, None
    try:
        return json.loads(content), None
    except (ValueError, RecursionError):
        return None, Response(400, error_body("bad_request", "The body is not JSON."))


def _fault_response(fault: Fault) -> Response | None:
    if fault.status is None:
        return None
    error_id = "too_many_requests" if fault.status == 429 else "server_error"  # noqa: PLR2004
    return Response(fault.status, error_body(error_id, "A fault of the rehearsal."))
