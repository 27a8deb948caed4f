"""Every fault is one that the simulated API plays, and kills reach marked processes alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from infra_apply.rehearsal.simulator.faults import parse_faults
from tests.schedules.schedule import MISSING, MUTATING_FAULTS, READING_FAULTS, Request, Strike
from tests.schedules.strike import MARK, entry_of, is_playable, kill


@pytest.mark.parametrize("fault", sorted({*MUTATING_FAULTS, *READING_FAULTS, MISSING}))
def test_every_fault_is_one_that_the_simulated_account_plays(fault: str) -> None:
    strike = Strike(Request("POST", "/v2/droplets", 2), fault)
    assert is_playable(strike)
    (played,) = parse_faults([entry_of(strike)])
    assert (played.method, played.path, played.nth) == ("POST", "/v2/droplets", 2)


@pytest.mark.process
def test_a_kill_ends_every_process_with_the_mark_and_no_other() -> None:
    sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    marked, other = (
        subprocess.Popen(sleeper, env={**os.environ, MARK: mark}, stdout=subprocess.PIPE)
        for mark in ("this", "this-too")
    )
    with marked, other:
        for process in (marked, other):
            assert process.stdout is not None
            process.stdout.readline()
        kill("this")
        assert marked.wait() == -9
        assert other.poll() is None
        other.kill()
