"""What the system tells of itself and its processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from infra_apply.engine.lock.machine import process, started_of, this_machine


def test_this_machine_is_the_same_at_every_look() -> None:
    machine = this_machine()
    assert machine == this_machine()
    assert machine.host and machine.boot_id


def test_a_process_has_the_same_start_at_every_look() -> None:
    started = started_of(os.getpid())
    assert started and process(os.getpid()).started == started


@pytest.mark.process
def test_a_process_that_ended_is_none_also_before_it_was_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read()  # ends with the process, which stays a zombie
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert started_of(child.pid) is None
    assert started_of(child.pid) is None


def test_a_number_that_no_process_has_tells_nothing() -> None:
    assert not started_of(2**70)
