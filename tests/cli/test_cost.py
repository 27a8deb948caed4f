"""`infra-apply cost` as its user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_apply.cli.main import main


def test_cost_says_by_which_prices(
    company: Path, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["cost"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "$6.00 a month, by the built-in prices of December 2025"
    )
    assert main(["cost", "--account", str(account), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["source"], answer["monthly"]) == ("the rehearsal's sizes", 6.0)
    assert answer["pools"][0]["most_per_day"] == 37.68


def test_one_stack_costs_what_it_renders(company: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (company / "stacks/Pulumi.prod.yaml").read_text()
    (company / "stacks/Pulumi.dev.yaml").write_text(text)
    assert main(["cost", "--stack", "dev", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["monthly"] == 0


def test_a_fleet_with_mistakes_has_no_cost(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (company / "projects/wiki/.infra.yaml").write_text("provider: mac\n")
    assert main(["cost"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error[IA101]" in printed.err


def test_what_is_quarantined_is_said_to_be_not_counted(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = company / "stacks/Pulumi.prod.yaml"
    stack.write_text(stack.read_text() + "  infra-apply:owners: {quarantined: [shop]}\n")
    assert main(["cost"]) == 0
    assert "not counted, because it is quarantined: shop" in capsys.readouterr().err
