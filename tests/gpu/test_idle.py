"""How long a slot without work is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_apply.gpu.idle import idle_timeout

GAPS = st.lists(st.floats(0, 10_000), max_size=20)


def cost(gaps: list[float], timeout: float, worth: float) -> float:
    return sum(gap if gap <= timeout else timeout + worth for gap in gaps)


def test_where_nothing_was_seen_it_is_kept_for_what_a_start_is_worth() -> None:
    assert idle_timeout((), 180, 240) == 240


def test_where_work_always_comes_late_it_is_not_kept() -> None:
    assert idle_timeout((3600, 3500, 3700), 180, 240) == 0


def test_where_work_comes_soon_or_late_it_is_kept_until_it_would_have_come_soon() -> None:
    gaps = (20, 30, 25, 3600, 22, 28, 3600)
    assert (
        idle_timeout(gaps, 180, 240) == 31.25
    )  # a quarter more than 25, so that all of them are in time


@given(GAPS, st.floats(1, 1000), st.floats(1, 3))
def test_it_is_never_kept_longer_than_a_start_is_worth(
    gaps: list[float], boot: float, factor: float
) -> None:
    assert 0 <= idle_timeout(gaps, boot, boot * factor) <= boot * factor


@given(GAPS, st.floats(1, 1000))
def test_without_knowing_the_gaps_it_costs_at_most_twice_what_knowing_them_costs(
    gaps: list[float], worth: float
) -> None:
    least = sum(min(gap, worth) for gap in gaps)
    assert cost(gaps, idle_timeout((), worth, worth), worth) <= 2 * least + 1e-6


@given(GAPS, st.floats(1, 1000), st.floats(1, 3))
def test_what_was_seen_never_makes_it_dearer_for_the_same_gaps(
    gaps: list[float], boot: float, factor: float
) -> None:
    worth = boot * factor
    timeout = idle_timeout(gaps, boot, worth)
    assert cost(gaps, timeout, worth) <= cost(gaps, worth, worth) + 1e-6


@given(GAPS, st.floats(1, 1000), st.floats(1, 3))
def test_at_most_half_of_what_it_would_have_ended_early_was_wanted_again_within_a_boot(
    gaps: list[float], boot: float, factor: float
) -> None:
    timeout = idle_timeout(gaps, boot, boot * factor)
    if timeout < boot * factor:
        ended = [gap for gap in gaps if gap > timeout]
        assert sum(gap <= timeout + boot for gap in ended) <= len(ended) / 2
