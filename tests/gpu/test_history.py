"""What readings of a queue come to."""

from __future__ import annotations

from infra_apply.gpu.history import History, Queue, remember


def after(*readings: tuple[float, Queue], jobs_per_slot: int = 1) -> History:
    history = History()
    for at, queue in readings:
        history = remember(history, queue, jobs_per_slot, at)
    return history


def test_a_level_remembers_for_how_long_it_was_not_needed() -> None:
    history = after(
        (0, Queue(1, 1)), (10, Queue(0, 1)), (20, Queue(0, 0)), (50, Queue(1, 0)), (60, Queue(2, 1))
    )
    assert history.level(1).gaps == (30,)
    assert history.level(2).gaps == (50,)
    assert history.level(1).unneeded_since is None


def test_a_level_that_was_never_needed_has_not_been_since_the_first_reading() -> None:
    history = after((5, Queue(0, 0)), (20, Queue(0, 1)), (30, Queue(0, 1)))
    assert history.level(1).gaps == (15,)
    assert history.level(2).unneeded_since == 5


def test_work_is_counted_in_slots() -> None:
    assert Queue(5, 3).level(4) == 2
    assert Queue(5, 4).level(4) == 3
    assert after((0, Queue(3, 4)), jobs_per_slot=4).level(3).unneeded_since == 0


def test_a_job_takes_as_long_as_was_worked_for_each_that_ended() -> None:
    history = after(*((minute * 60, Queue(0, 2, finished=minute)) for minute in range(20)))
    assert history.job_seconds is not None
    assert 119 < history.job_seconds < 121


def test_without_a_count_of_ended_jobs_nobody_knows_how_long_one_takes() -> None:
    assert after((0, Queue(0, 2)), (600, Queue(0, 0))).job_seconds is None


def test_a_counter_or_a_clock_that_begins_anew_counts_for_nothing() -> None:
    readings = [(minute * 60.0, Queue(0, 2, finished=minute)) for minute in range(9)]
    known = after(*readings)
    assert after(*readings, (540, Queue(0, 2, finished=0))).job_seconds == known.job_seconds
    assert after(*readings, (100, Queue(0, 2, finished=9))).job_seconds == known.job_seconds


def test_only_the_newest_gaps_are_kept() -> None:
    readings = [(second, Queue(0, second % 2)) for second in range(300)]
    assert len(after(*readings).level(1).gaps) == 50
