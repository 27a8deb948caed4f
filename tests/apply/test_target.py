"""A run of the engine on a target: what it is given, and what of it stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra_apply.engine.events import Event, Phase
from infra_apply.engine.run import Outcome
from tests.apply.steps import outcome
from tests.apply.test_attempts import Stage


def test_the_engines_plan_is_gone_once_an_update_has_begun(tmp_path: Path) -> None:
    plan_file = tmp_path / "plan.json"
    seen: list[bool] = []

    def run(verb: str, *, on_event: Callable[[Event], None], **given: Any) -> Outcome:
        assert given["plan_file"] == plan_file
        if verb == "preview":
            plan_file.write_text("user data in the clear")
        seen.append(plan_file.exists())
        on_event(Phase(1))
        seen.append(plan_file.exists())
        return outcome()

    target = replace(Stage().target, plan_file=plan_file, run_engine=run)
    target.run("preview")
    target.run("up")
    assert seen == [True, True, True, False]


def test_a_refresh_knows_no_plan() -> None:
    given: list[Any] = []

    def run(_verb: str, **options: Any) -> Outcome:
        given.append(options["plan_file"])
        return outcome()

    replace(Stage().target, plan_file=Path("plan.json"), run_engine=run).run("refresh")
    assert given == [None]
