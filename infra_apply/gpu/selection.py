"""Which slots end when a pool shrinks: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra_apply.errors import Refusal, Usage
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.slot import Slot


def choose_ending(
    pool: Pool, count: int, named: Sequence[str], now: float, *, force: bool
) -> frozenset[str]:
    """Choose the ids of slots that end so that `count` stay: the named, then idle, then busy ones.

    Among equals the one whose deadline is next goes first. Raises Usage for a named slot that is
    not there, or too many of them; Refusal where a busy one would have to end without `force`.
    """
    ids = [slot.id for slot in pool.slots]
    if unknown := [slot_id for slot_id in named if slot_id not in ids]:
        raise Usage(f"there is no slot {', '.join(unknown)}; there are: {', '.join(ids) or 'none'}")
    surplus = max(0, len(ids) - count)
    chosen = list(dict.fromkeys(named))
    if len(chosen) > surplus:
        raise Usage(
            f"{len(chosen)} slots are named to go, and to keep {count} of {len(ids)} only "
            f"{surplus} may",
            next_step=f"ask for {len(ids) - len(chosen)}, or name fewer",
        )
    others = sorted(
        (slot for slot in pool.slots if slot.id not in chosen),
        key=lambda slot: (slot.is_busy(now), slot.deadline or 0, slot.id),
    )
    chosen += [slot.id for slot in others[: surplus - len(chosen)]]
    if not force:
        refuse_busy([*(slot for slot in pool.slots if slot.id in chosen), *pool.extras], now)
    return frozenset(chosen)


def refuse_busy(ending: Iterable[Slot], now: float) -> None:
    """Raise Refusal if any of these slots has a fresh lease."""
    busy = [f"{slot.id} (droplet {slot.droplet.id})" for slot in ending if slot.is_busy(now)]
    if busy:
        raise Refusal(
            f"these slots are at work: {', '.join(busy)}",
            state="nothing was changed",
            next_step="wait until they are idle, or end them and what they do with --force",
        )
