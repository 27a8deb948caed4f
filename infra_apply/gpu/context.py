"""One pool in its surroundings: its stack, the account, and how it is read from both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra_apply.digitalocean.client import Client
from infra_apply.digitalocean.read import read_gpu_droplets
from infra_apply.errors import Retry
from infra_apply.gpu.attempts import engine_failed
from infra_apply.gpu.destroyer import Destroyer
from infra_apply.gpu.pool import Pool, PoolIdentity, Remembered, survey
from infra_apply.gpu.slot_spec import SlotSpec
from infra_apply.gpu.stack import Backend
from infra_apply.terminal.layout import StatusLine


@dataclass(frozen=True, slots=True)
class PoolContext:
    """Which pool it is, its stack, and what reads and changes it.

    `render` registers slots with the engine, `clock` gives seconds since 1970; with `force` a
    slot at work ends like any other.
    """

    identity: PoolIdentity
    stack: str
    backend: Backend
    client: Client
    destroyer: Destroyer
    render: Callable[[Sequence[SlotSpec]], None]
    status_line: StatusLine
    clock: Callable[[], float]
    force: bool = False

    @property
    def pool(self) -> str:
        """The pool's name, which is its instance's."""
        return self.identity.name

    def survey(self, remembered: Remembered) -> Pool:
        """Return the account's slots of the pool beside what its stack remembers."""
        return survey(self.identity, read_gpu_droplets(self.client), remembered)


def read_pool(context: PoolContext) -> Pool:
    """Read the state and the account; what a killed run left in the state is cleared first.

    Raises Outage, and Retry where the state has a droplet that the account's list lacks although
    it is there.
    """
    pool = _read_once(context)
    if not (pool.remembered.unfinished or pool.gone):
        return pool
    # A pending create is taken out before anything else, or it would stay there for ever; a
    # droplet that is gone is forgotten, since deleting it would fail.
    outcome = context.backend.run_engine(
        "refresh", context.stack, clear_pending_creates=True, status_line=context.status_line
    )
    if not outcome.ok:
        raise engine_failed(outcome, "the pool's state cannot be brought up to date")
    pool = _read_once(context)
    if pool.gone:
        lacking = (f"{slot} (droplet {pool.remembered.slots[slot]})" for slot in pool.gone)
        raise Retry(
            f"DigitalOcean's list of GPU droplets lacks what the state of {context.stack} has: "
            + ", ".join(lacking),
            state="no slot was changed",
            next_step="run the same again in a minute",
        )
    return pool


def _read_once(context: PoolContext) -> Pool:
    return context.survey(context.backend.remembered(context.stack))
