"""A run that was overtaken changes nothing and looks again; what lives on is ended again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra_apply.cli.gpu.pool_context import connect, read_environment_stack
from infra_apply.cli.gpu.scale import plan_of_pool, pool_context
from infra_apply.digitalocean.read import read_ssh_keys
from infra_apply.engine.run import Outcome
from infra_apply.errors import Refusal
from infra_apply.gpu import scaling
from infra_apply.gpu.attempts import CHANGED_MEANWHILE
from infra_apply.gpu.context import PoolContext, read_pool
from infra_apply.gpu.pool import Pool
from infra_apply.gpu.stack import Backend
from infra_apply.plan.model import PoolPlan
from infra_apply.plan.stack import plan_stack
from tests.gpu.stage import ENGINE_IN_THIS_PROCESS, Stage, stage

pytestmark = ENGINE_IN_THIS_PROCESS


@dataclass(frozen=True)
class Lab:
    """A pool in this process; `interrupt` puts something before the next run acts."""

    it: Stage
    context: PoolContext
    plan: PoolPlan
    monkeypatch: pytest.MonkeyPatch

    def grow(self, count: int) -> Pool:
        ssh_keys = read_ssh_keys(self.context.client)
        return scaling.grow(self.context, read_pool(self.context), count, self.plan, ssh_keys)

    def interrupt(self, event: Callable[[], None]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        run_engine = Backend.run_engine

        def overtaken(backend: Backend, *words: Any, **how: Any) -> Outcome:
            self.monkeypatch.setattr(Backend, "run_engine", run_engine)
            event()
            outcomes.append(run_engine(backend, *words, **how))
            return outcomes[0]

        self.monkeypatch.setattr(Backend, "run_engine", overtaken)
        return outcomes


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    it = stage(tmp_path)
    arguments = argparse.Namespace(
        directory=it.company, stack="prod", config_file=None, account=it.directory, clock=100.0,
        faults=None, project="train", force=False, wait=600.0,
    )  # fmt: skip
    stack = read_environment_stack(arguments)
    with connect(arguments, stack) as connection:
        context = pool_context(arguments, stack, connection)
        plan = plan_stack(stack.pulumi_project, "prod").plan
        assert plan is not None
        yield Lab(it, context, plan_of_pool(plan, "train"), monkeypatch)


def test_of_two_runs_at_once_the_later_ends_nothing_of_the_first(lab: Lab) -> None:
    """The second has decided before the first is done, and acts after it."""
    outcomes = lab.interrupt(lambda: assert_slots(lab.grow(2), 2))
    assert_slots(lab.grow(2), 2)
    assert not outcomes[0].ok
    assert any(CHANGED_MEANWHILE in message.message for message in outcomes[0].diagnostics)
    assert len(lab.it.requests("POST")) == 2 and lab.it.requests("DELETE") == []


def test_a_slot_that_took_a_job_in_the_meantime_stays(lab: Lab) -> None:
    pool = lab.grow(1)

    def take_a_job(droplet: dict[str, Any]) -> None:
        droplet["tags"] = [*droplet["tags"], f"infra-apply-lease:{int(time.time())}"]

    outcomes = lab.interrupt(lambda: lab.it.edit(take_a_job))
    with pytest.raises(Refusal, match="at work"):
        scaling.shrink(lab.context, pool, frozenset({pool.slots[0].id}))
    assert not outcomes[0].ok and lab.it.requests("DELETE") == []
    assert_slots(read_pool(lab.context), 1)


def test_a_deletion_that_failed_is_asked_for_again(lab: Lab) -> None:
    """The state forgets a droplet that lives on: some errors are taken for success."""
    pool = lab.grow(1)
    before = lab.it.account()["droplets"]

    def bring_back() -> None:
        account = lab.it.account()
        lab.it.write(account | {"droplets": before})

    run_engine = Backend.run_engine

    def forgetful(backend: Backend, *words: Any, **how: Any) -> Outcome:
        lab.monkeypatch.setattr(Backend, "run_engine", run_engine)
        outcome = run_engine(backend, *words, **how)
        bring_back()
        return outcome

    lab.monkeypatch.setattr(Backend, "run_engine", forgetful)
    assert_slots(scaling.shrink(lab.context, pool, frozenset({pool.slots[0].id})), 0)
    assert lab.it.gpus() == [] and len(lab.it.requests("DELETE")) == 2


def assert_slots(pool: Pool, count: int) -> None:
    assert len(pool.slots) == count and not (pool.orphans or pool.extras or pool.gone)
