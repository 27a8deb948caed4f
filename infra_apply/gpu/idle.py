"""How long a slot without work is kept: until keeping it has cost what starting another would.

Whoever rents or buys without knowing the future pays at most twice the least if he rents until the
rent has reached the price, and then buys (ski rental; Karlin, Manasse, Rudolph and Sleator 1988).
Here the rent is an idle slot, and the price is a start: the boot is billed, and a job waits for it.
What was seen of the queue does better than knowing nothing: the time-out is the one that would have
been cheapest for the gaps there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


def idle_timeout(gaps: Sequence[float], boot: float, worth: float) -> float:
    """Return after how many seconds without work a slot is ended.

    `gaps` are the seconds for which slots before it were without work until there was some again;
    `worth` is what a start costs, in seconds. Of time-outs that would have cost the same the
    longest is taken. None is longer than `worth`, nor so short that more than half of the
    slots that it would have ended were wanted again within a `boot`.
    """
    candidates = {0.0, *(gap * _MARGIN for gap in gaps if gap * _MARGIN < worth)}
    lasting = [timeout for timeout in candidates if _is_lasting(gaps, timeout, boot)]
    return min([*lasting, worth], key=lambda timeout: (_cost(gaps, timeout, worth), -timeout))


def _is_lasting(gaps: Sequence[float], timeout: float, boot: float) -> bool:
    ended = [gap for gap in gaps if gap > timeout]
    again = sum(gap <= timeout + boot for gap in ended)
    return again <= _AGAIN_AT_MOST * len(ended)


def _cost(gaps: Sequence[float], timeout: float, worth: float) -> float:
    """Return the seconds that a time-out would have cost over these gaps."""
    return sum(gap if gap <= timeout else timeout + worth for gap in gaps)


_MARGIN: Final = 1.25
"""A gap like one that was seen is rarely exactly as long."""

_AGAIN_AT_MOST: Final = 0.5
