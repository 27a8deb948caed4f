"""`python -m tests.bench_gpu [SEED]`: every policy on every trace, as the tables of docs/gpu.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from infra_apply.gpu.decide import Policy
from infra_apply.gpu.simulate.play import play
from infra_apply.gpu.simulate.results import clairvoyant, result
from tests.bench_gpu.policies import POLICIES
from tests.bench_gpu.traces import TRACES

POLICY = Policy(boot=180, price=1.57, max_slots=8)


def lines(seed: int) -> Iterator[str]:
    """Yield a table a trace; costs in USD, waits in seconds."""
    for shape, make in TRACES.items():
        trace = make(seed)
        ours = result("infra-apply", trace, play(trace, POLICY), POLICY)
        least = clairvoyant(trace, POLICY, longest_wait=ours.p95_wait or 0.0)
        others = (
            result(name, trace, play(trace, POLICY, new_scaler()), POLICY)
            for name, new_scaler in POLICIES.items()
        )
        yield f"**{shape}**, {len(trace)} jobs: {ours.cost / least.cost:.2f} times the bound"
        yield ""
        yield "| policy | cost | wait p50 | p95 | idle slot hours | killed at work | again |"
        yield "|---|---|---|---|---|---|---|"
        for each in (ours, *others):
            yield (
                f"| {each.name} | ${each.cost:.2f} | {each.p50_wait:.0f} s | {each.p95_wait:.0f} s "
                f"| {each.idle_slot_hours:.1f} | {each.busy_kills} | {each.bought_again} |"
            )
        yield f"| bound below the least | ${least.cost:.2f} | | {least.p95_wait:.0f} s | | | |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines(int(sys.argv[1]) if len(sys.argv) > 1 else 1)) + "\n")
