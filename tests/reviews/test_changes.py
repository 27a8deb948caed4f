"""What is drawn is drawn again from its number, and a change is made to a copy."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from random import Random

import pytest

from infra_apply.inputs import pulumi_project
from infra_apply.plan.model import Plan
from infra_apply.plan.stack import plan_stack
from tests.reviews.account_edits import ACCOUNT_EDITS
from tests.reviews.companies import STACK, draw_company, write_company
from tests.reviews.harmless import BYSTANDERS, FILE_EDITS
from tests.reviews.manifest_edits import MANIFEST_EDITS
from tests.reviews.settings_edits import SETTINGS_EDITS
from tests.reviews.starts import account_of

SEEDS = range(8)


def rng(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - it is to be repeated


def plan_of(project: Path) -> Plan | None:
    return plan_stack(pulumi_project.find(project), STACK).plan


@pytest.mark.parametrize("seed", SEEDS)
def test_a_company_is_drawn_again_and_can_be_planned(seed: int, tmp_path: Path) -> None:
    company = draw_company(rng(seed))
    assert draw_company(rng(seed)) == company != draw_company(rng(seed + 1))
    plan = plan_of(write_company(company, tmp_path, Path(sys.executable)))
    assert plan is not None
    assert [host.name for host in plan.hosts] == company.hosts


@pytest.mark.parametrize("kind", MANIFEST_EDITS | SETTINGS_EDITS)
def test_an_edit_is_made_to_a_copy_and_changes_it(kind: str) -> None:
    edit = (MANIFEST_EDITS | SETTINGS_EDITS)[kind]
    edits = 0
    for seed in range(40):
        company = draw_company(rng(seed))
        company.settings["retired"] = {"docs": "keep"}
        company.settings["databases"] = {"shared-pg": {"adopt": ["shop"]}}
        before = deepcopy(company)
        edited = edit(rng(seed), company)
        assert company == before
        edits += edited is not None and edited != before
    assert edits


@pytest.mark.parametrize("kind", ACCOUNT_EDITS | BYSTANDERS)
def test_an_edit_of_the_account_says_whether_it_changed_anything(kind: str) -> None:
    edit = (ACCOUNT_EDITS | BYSTANDERS)[kind]
    for seed in SEEDS:
        company = draw_company(rng(seed))
        account = account_of(company)
        before = deepcopy(account)
        assert edit(rng(seed), company, account) == (account != before)


@pytest.mark.parametrize("kind", sorted(set(FILE_EDITS) - {"a commit"}))
def test_an_edit_without_effect_leaves_every_droplet_and_port_as_planned(
    kind: str, tmp_path: Path
) -> None:
    for seed in SEEDS:
        company = draw_company(rng(seed))
        project = write_company(company, tmp_path / str(seed), Path(sys.executable))
        before = plan_of(project)
        FILE_EDITS[kind](rng(seed), company, project)
        after = plan_of(project)
        assert before is not None and after is not None
        assert [(host.droplet, host.firewall) for host in after.hosts] == [
            (host.droplet, host.firewall) for host in before.hosts
        ]
        assert after.databases == before.databases
        assert after.access == before.access
