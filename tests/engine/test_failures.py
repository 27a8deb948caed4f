"""What the CLI says, and the failure it becomes."""

from __future__ import annotations

import pytest
from pulumi.automation import CommandResult

from infra_apply.engine.failures import failure_of
from infra_apply.errors import LockHolder, Outage, Retry, Usage

# As engine 3.259.0 words it.
LOCKED = """error: the stack is currently locked by 1 lock(s). Either wait for the other \
process(es) to end or delete the lock file with `pulumi cancel`.
  file:///s/.pulumi/locks/organization/tiny/dev/1.json: created by ada@box (pid 41) \
at 2026-11-22T10:00:00Z"""


def test_a_lock_names_who_holds_it_and_since_when() -> None:
    failure = failure_of(CommandResult("", LOCKED, 255), "dev", reported=False)
    assert isinstance(failure, Retry)
    assert failure.message == (
        "stack dev is locked by ada@box (process 41) since 2026-11-22T10:00:00Z"
    )
    assert failure.holders == (LockHolder("ada@box", 41, "2026-11-22T10:00:00Z"),)
    assert failure.exit_code == 3


def test_a_conflict_in_the_cloud_backend_is_a_lock_too() -> None:
    text = "error: [409] Conflict: Another update is currently in progress."
    failure = failure_of(CommandResult("", text, 255), "dev", reported=False)
    assert isinstance(failure, Retry)
    assert failure.message == "stack dev is locked by another update"
    assert failure.holders == ()


@pytest.mark.parametrize("text", ["incorrect passphrase", "passphrase must be set with X"])
def test_a_passphrase_is_asked_for(text: str) -> None:
    assert isinstance(failure_of(CommandResult("", text, 1), "dev", reported=False), Usage)


@pytest.mark.parametrize(
    ("code", "stderr", "expected"),
    [
        (-11, "", "the engine was ended by signal 11: it said nothing"),
        (2, "panic: runtime error\n\ngoroutine 1", "the engine crashed: goroutine 1"),
        (
            1,
            "warning: x\nerror: could not list backends\n  more",
            "the engine failed before it came to a resource: could not list backends\n  more",
        ),
    ],
)
def test_anything_else_that_the_run_does_not_explain_is_an_outage(
    code: int, stderr: str, expected: str
) -> None:
    failure = failure_of(CommandResult("", stderr, code), "dev", reported=False)
    assert isinstance(failure, Outage)
    assert failure.message == expected


@pytest.mark.parametrize(
    ("reason", "way_on"),
    [
        ("unsupported checkpoint version 99", "use the engine that wrote it, or a newer one"),
        ("needs support for the following features: x", "use the engine that wrote it"),
        ("place 1: unexpected end of JSON input", "as .bak: put that back"),
    ],
)
def test_a_state_that_cannot_be_read_is_named_with_the_way_on(reason: str, way_on: str) -> None:
    text = f"error: failed to load checkpoint: {reason}"
    failure = failure_of(CommandResult("", text, 1), "dev", reported=False)
    assert isinstance(failure, Outage)
    assert failure.message == f"the state of stack dev cannot be read: {reason}"
    assert way_on in failure.next_step


def test_an_error_that_was_shown_is_no_failure_of_the_engine() -> None:
    assert failure_of(CommandResult("", "error: preview failed", 1), "dev", reported=True) is None
