"""A fleet ready for its first run: its project, an account, and a stack that holds nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from infra_apply.engine.install import find
from infra_apply.inputs import pulumi_project
from infra_apply.plan.stack import plan_stack
from infra_apply.rehearsal import session
from infra_apply.rehearsal.plugin.install import install
from tests.schedules.fleets import (
    STACK,
    Fleet,
    add_bystanders,
    read_account,
    write_account,
    write_company,
)

CLOCK: Final = 500.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A fleet whose stack exists and holds nothing; `folder` has its account and its state.

    `attributes`: the state's store keeps a file of attributes beside every file, as the engine's
    does where `?metadata=skip` is not in its URL. It is not written in one go: a process killed
    meanwhile leaves an empty one, and no engine reads that state again. `python` runs everything.
    """

    fleet: Fleet
    folder: Path
    project: Path
    engine: Path
    env: Mapping[str, str]
    attributes: bool
    python: Path


def prepare(
    fleet: Fleet, folder: Path, *, attributes: bool = False, python: Path = Path(sys.executable)
) -> Stage:
    """Write the company, seed its account, and create its stack. Raises Failure, LookupError.

    Runs start in the company's own folder, as its people would start them, and not in the copy
    that a rehearsal makes.
    """
    engine = find.find(os.environ)
    if engine is None:
        raise LookupError("no engine: run `make setup`")
    company = write_company(fleet, folder, python)
    project = pulumi_project.find(company)
    planned = plan_stack(project, STACK)
    if planned.plan is None:
        raise ValueError(f"the fleet cannot be planned: {planned.findings}")
    account = folder / "account"
    options = session.Options(engine, account, clock_scale=CLOCK)
    with session.start_rehearsal(project, STACK, options, plan=planned.plan) as rehearsal:
        session.select_stack(replace(rehearsal, folder=company), engine, STACK)
        if rehearsal.plugin == "stand-in":
            install(account / "engine" / "home", version("pulumi_digitalocean"), python)
    write_account(account, add_bystanders(read_account(account), fleet))
    if not attributes:
        for file in (account / "engine" / "state").rglob("*.attrs"):
            file.unlink()
    return Stage(fleet, account, company, engine.path, rehearsal.env, attributes, python)
