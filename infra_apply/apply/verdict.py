"""Whether a run that failed may be gone on with, from what it reported. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from infra_apply.apply.requests import FailedRequest, failed_request
from infra_apply.engine.events import EngineMessage


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a failed run.

    `may_go_on` says that every error was an outage, which the same run may get past. `reasons` are
    the outages, each once. `lost_creates` are the URNs of resources whose create may have made
    something that the state does not know. `limited` says that DigitalOcean asked for patience.
    `has_moved` says that every error is of a step that is no longer what was previewed.
    """

    may_go_on: bool
    reasons: tuple[str, ...] = ()
    lost_creates: tuple[str, ...] = ()
    limited: bool = False
    has_moved: bool = False


def judge(diagnostics: Iterable[EngineMessage]) -> Verdict:
    """Judge a failed run by its errors.

    One error that is no outage stops it: a 409 or 422 of our own request may be about somebody
    else's object, and asking again changes nothing about any other 4xx.
    """
    errors = [
        message
        for message in diagnostics
        if message.severity == "error"
        and not is_summary(message.message)
        and not was_not_come_to(message.message)
    ]
    requests = [failed_request(error.message) for error in errors]
    may_go_on = bool(errors) and all(
        _is_outage(error.message, request) for error, request in zip(errors, requests, strict=True)
    )
    reasons = [_reason(request) for request in requests if request is not None and request.may_pass]
    reasons += [met["reason"] for error in errors if (met := _NO_CLUSTER.search(error.message))]
    reasons += [_LISTED_ONLY for error in errors if _is_listed_only(error.message)]
    lost = [
        error.urn
        for error, request in zip(errors, requests, strict=True)
        if error.urn and _may_have_made_something(error.message, request)
    ]
    limited = any(request.status == HTTPStatus.TOO_MANY_REQUESTS for request in requests if request)
    has_moved = bool(errors) and all(is_not_as_planned(error.message) for error in errors)
    return Verdict(
        may_go_on,
        tuple(dict.fromkeys(reasons)),
        tuple(dict.fromkeys(lost)),
        limited=limited,
        has_moved=has_moved,
    )


def is_summary(message: str) -> bool:
    """Say whether an error only sums up others that the engine has told before."""
    return message.strip() in _SUMMARIES or bool(_FAILED_RESOURCES.fullmatch(message.strip()))


def is_not_as_planned(message: str) -> bool:
    """Say whether an error tells that a step was not done, since it is not what was planned."""
    return _NOT_AS_PLANNED in message


def was_not_come_to(message: str) -> bool:
    """Say whether an error only tells that a planned step was not done, since the run ended."""
    return _NONE_SEEN in message


def has_vanished(message: str) -> bool:
    """Say whether an error tells that what was just made was answered with 404 when read back.

    The provider keeps nothing of it then, whether it is there or not.
    """
    return _NOT_READ_BACK in message


def _is_outage(message: str, request: FailedRequest | None) -> bool:
    if request is not None:
        return request.may_pass
    waited = bool(_WAITED_IN_VAIN.search(message))
    return waited or _is_listed_only(message) or bool(_NO_CLUSTER.search(message))


def _is_listed_only(message: str) -> bool:
    """Say whether DigitalOcean answered 404 for what it had just made, or had just listed."""
    return has_vanished(message) or bool(_NOT_IMPORTED.search(message))


def _may_have_made_something(message: str, request: FailedRequest | None) -> bool:
    if request is not None:
        return request.may_have_made_something
    return has_vanished(message)


def _reason(request: FailedRequest) -> str:
    answer = f"{request.status} {request.answer}" if request.status else request.answer
    return f"{request.method} {request.path}: {answer.strip() or 'no answer'}"


_SUMMARIES: Final = frozenset({"update failed", "preview failed", "refresh failed"})
_FAILED_RESOURCES: Final = re.compile(r"resource \S+ (?:creation|update|deletion) failed")
_NOT_AS_PLANNED: Final = "violates plan"  # pkg/resource/deploy/plan.go, v3.259
_NOT_READ_BACK: Final = "expected non-nil error with nil state during Create of"  # pkg/tfbridge
# pkg/resource/deploy/step.go, v3.259, where what is to be imported is 404
_NOT_IMPORTED: Final = re.compile(r"resource '[^']*' does not exist")
_LISTED_ONLY: Final = "404 for what was just made or listed"
_NONE_SEEN: Final = "but none were seen"  # pkg/resource/deploy, v3.259, where a plan is applied
# `render/grants.py`, where a database cluster does not answer or refuses
_NO_CLUSTER: Final = re.compile(r"infra_apply\.postgres\.admin\.Unreachable: (?P<reason>[^\n]+)")
# Terraform's helper, where an object did not become what the provider waits for.
_WAITED_IN_VAIN: Final = re.compile(r"timeout while waiting for")
