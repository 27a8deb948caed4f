"""Carry out a change of a pool: through the engine, and through the API what no state knows."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from infra_apply.engine.run import Outcome
from infra_apply.errors import Failure, Refusal
from infra_apply.gpu.attempts import CHANGED_MEANWHILE
from infra_apply.gpu.change import Change
from infra_apply.gpu.context import PoolContext
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.selection import refuse_busy
from infra_apply.terminal.safe_text import safe


def apply(context: PoolContext, pool: Pool, change: Change) -> Outcome | None:
    """Carry out a change that was decided for `pool`; None where the engine was not needed.

    Raises Refusal if a slot that is to end is at work by now, and Ambiguous for a droplet that is
    still there after it was destroyed.
    """
    outcome = None
    if not context.force:
        refuse_busy(change.remove, context.clock())
    if change.needs_engine:
        outcome = context.backend.run_engine(
            "up",
            context.stack,
            program=_program(context, pool, change),
            status_line=context.status_line,
        )
    if outcome is None or outcome.ok:
        for slot in change.remove_by_api:
            context.status_line.show(
                f"{context.pool}: destroying slot {slot.id}, droplet {slot.droplet.id}"
            )
            context.destroyer.destroy(slot.droplet.id)
        context.status_line.end()
    return outcome


def _program(context: PoolContext, pool: Pool, change: Change) -> Callable[[], None]:
    """Return the Pulumi program of one run; it holds the stack's lock when it really acts.

    What was decided must still be true then: else another run came between, and its slots, which
    this program does not name, would be deleted.
    """

    def program() -> None:
        if not pulumi.runtime.is_dry_run():
            try:
                _verify_unchanged(context, pool, change)
            except Failure as failure:
                raise pulumi.RunError(safe(str(failure))) from None
        context.render(change.slots())

    return program


def _verify_unchanged(context: PoolContext, pool: Pool, change: Change) -> None:
    """Raise Refusal unless the pool is as it was, and what is to end is still idle."""
    current = context.survey(pool.remembered)
    if current.droplets != pool.droplets:
        raise Refusal(CHANGED_MEANWHILE)
    ending = {slot.droplet.id for slot in change.remove}
    if not context.force:
        now = [slot for slot in (*current.slots, *current.extras) if slot.droplet.id in ending]
        refuse_busy(now, context.clock())
