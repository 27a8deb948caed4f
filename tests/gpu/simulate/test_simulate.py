"""What a trace of jobs comes to, and the least that it could come to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_apply.errors import Usage
from infra_apply.gpu.decide import Policy
from infra_apply.gpu.simulate.clairvoyant import least_slot_seconds
from infra_apply.gpu.simulate.lower_bound import least_overhead
from infra_apply.gpu.simulate.play import POLL, play
from infra_apply.gpu.simulate.results import Result, clairvoyant, percentile, result
from infra_apply.gpu.simulate.trace import Job, parse_trace
from tests.bench_gpu.policies import POLICIES
from tests.bench_gpu.traces import TRACES

POLICY = Policy(boot=180, price=3.6, max_slots=3)

JOBS = st.lists(st.builds(Job, st.floats(0, 5000), st.floats(1, 900)), min_size=1, max_size=7).map(
    lambda jobs: tuple(sorted(jobs))
)


def ours(trace: tuple[Job, ...], policy: Policy = POLICY) -> Result:
    return result("infra-apply", trace, play(trace, policy), policy)


def test_a_trace_is_read_in_any_order_and_what_is_wrong_is_all_named() -> None:
    lines = ['{"t": 9, "service_s": 1}', "", '{"t": 0.5, "service_s": 2, "name": "x"}']
    assert parse_trace(lines, "x") == (Job(0.5, 2), Job(9, 1))
    wrong = ["[]", "{", '{"t": 1}', '{"t": true, "service_s": 1}', '{"t": -1, "service_s": 1}',
             '{"t": NaN, "service_s": 1}']  # fmt: skip
    with pytest.raises(Usage) as caught:
        parse_trace(wrong, "trace.jsonl")
    told = str(caught.value)
    assert [f"trace.jsonl:{number}: " in told for number in range(1, 7)] == [True] * 6
    with pytest.raises(Usage, match="has no job"):
        parse_trace(["", " "], "x")


def test_a_lone_job_waits_for_a_look_and_a_boot_and_its_slot_ends_when_it_is_not_worth_it() -> None:
    played = play((Job(3, 600),), POLICY)
    assert played.waits == (POLL - 3 + 180,)
    (life,) = played.lives
    assert life.begun == POLL and life.busy == 600
    assert played.moments[-1].slots == 0
    assert POLICY.start_worth <= life.ended - (POLL + 180 + 600) <= POLICY.start_worth + 2 * POLL


def test_jobs_are_taken_in_their_order_by_slots_that_booted() -> None:
    trace = tuple(Job(float(number), 400.0) for number in range(6))
    played = play(trace, replace(POLICY, max_slots=2))
    assert list(played.waits[0::2]) == sorted(played.waits[0::2])
    assert max(moment.busy for moment in played.moments) == 2


def test_several_jobs_share_a_slot_that_takes_them() -> None:
    trace = tuple(Job(0.0, 400.0) for _ in range(4))
    played = play(trace, replace(POLICY, jobs_per_slot=4))
    assert len(played.lives) == 1 and len(set(played.waits)) == 1


def test_there_may_be_more_slots_than_a_page_of_the_account_shows() -> None:
    played = play(tuple(Job(0.0, 60.0) for _ in range(250)), replace(POLICY, max_slots=250))
    assert max(moment.slots for moment in played.moments) == 250


def test_the_bound_of_a_long_trace_counts_a_long_job_that_came_before_its_cuts() -> None:
    trace = (Job(0, 500_000), *(Job(600.0 * number, 1) for number in range(1, 801)))
    bound = least_overhead(trace, wait=0, late=0, boot=100, jobs_per_slot=9)
    assert bound <= 100  # one slot serves all of them


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2
    assert percentile(list(range(1, 101)), 95) == 95
    assert percentile([7], 95) == 7


@given(JOBS)
def test_every_job_is_done_and_none_is_killed_with_its_slot(trace: tuple[Job, ...]) -> None:
    played = play(trace, POLICY)
    assert played.killed == 0
    assert len(played.waits) == len(trace) and min(played.waits) >= 0
    assert max(moment.slots for moment in played.moments) <= POLICY.max_slots
    busy = sum(life.busy for life in played.lives)
    assert busy == pytest.approx(sum(job.service for job in trace))


@given(JOBS, st.floats(0, 1000), st.floats(1, 600))
def test_the_bound_is_never_above_the_exact_least(
    trace: tuple[Job, ...], wait: float, boot: float
) -> None:
    exact = least_slot_seconds(
        trace, longest_wait=wait, boot=boot, jobs_per_slot=1, max_slots=len(trace)
    )
    bound = least_overhead(trace, wait=wait, late=0, boot=boot, jobs_per_slot=1)
    assert exact.is_exact
    assert bound + sum(job.service for job in trace) <= exact.slot_seconds + 1e-6


@given(JOBS)
def test_the_least_is_never_more_than_what_ours_costs(trace: tuple[Job, ...]) -> None:
    known = ours(trace)
    assert known.p95_wait is not None
    least = clairvoyant(trace, POLICY, longest_wait=known.p95_wait)
    assert least.cost <= known.cost + 1e-6


def test_few_jobs_are_shared_among_slots_in_the_cheapest_way() -> None:
    def least(*jobs: Job, wait: float, most: int = 9) -> float:
        found = least_slot_seconds(
            jobs, longest_wait=wait, boot=100, jobs_per_slot=1, max_slots=most
        )
        assert found.is_exact
        return found.slot_seconds

    assert least(Job(0, 50), wait=0) == 150
    assert least(Job(0, 50), Job(60, 50), wait=0) == 100 + 110  # ten seconds idle, and no boot
    assert least(Job(0, 50), Job(60, 50), wait=10) == 200  # the first one waits
    assert least(Job(0, 50), Job(900, 50), wait=0) == 300
    assert least(Job(0, 50), Job(0, 50), wait=0) == 300  # both at once
    assert least(Job(0, 50), Job(0, 50), wait=50) == 200  # one after the other


@pytest.mark.parametrize("shape", TRACES)
def test_on_every_shape_ours_is_cheaper_than_each_published_policy_and_kills_nothing(
    shape: str,
) -> None:
    trace = TRACES[shape](7)
    policy = Policy(boot=180, price=1.57, max_slots=8)
    known = ours(trace, policy)
    assert known.busy_kills == 0
    assert known.p95_wait is not None
    least = clairvoyant(trace, policy, longest_wait=known.p95_wait)
    assert known.cost <= 1.6 * least.cost
    for name, new_scaler in POLICIES.items():
        other = result(name, trace, play(trace, policy, new_scaler()), policy)
        assert known.cost <= other.cost
        assert other.p95_wait is not None
        bound = clairvoyant(trace, policy, longest_wait=other.p95_wait)
        assert bound.cost <= other.cost
