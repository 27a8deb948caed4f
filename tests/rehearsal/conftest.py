"""A simulated API that tests share: starting one takes longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rehearsal.harness import FakeClock, Simulator, recorded_account, run_server


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    clock = FakeClock()
    with run_server(tmp_path_factory.mktemp("simulator"), recorded_account(), clock) as server:
        yield Simulator(server, clock)


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Iterator[Simulator]:
    """The shared simulator with a fresh account; every request must be one that it models."""
    shared_simulator.reset(recorded_account())
    yield shared_simulator
    assert shared_simulator.server.unmodelled == []
