"""What holds for every rule and every code."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_apply.diagnostics.code import Code
from infra_apply.fleet import rules
from infra_apply.fleet.rules.rule import Rule
from infra_apply.fleet.rules.table import ALL_CODES, CODES, RULES


def test_no_two_codes_have_one_id() -> None:
    assert len({code.id for code in ALL_CODES}) == len(ALL_CODES)


def test_codes_are_found_by_their_id_in_order() -> None:
    assert list(CODES) == sorted(code.id for code in ALL_CODES)
    assert all(CODES[code.id] is code for code in ALL_CODES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.codes[0].rule)
def test_a_rule_is_the_file_of_its_name_and_reports_codes_of_that_rule(rule: Rule) -> None:
    (name,) = {code.rule for code in rule.codes}
    assert rule.check.__module__.rpartition(".")[2] == name


def test_every_file_of_rules_is_listed() -> None:
    files = {path.stem for folder in rules.__path__ for path in Path(folder).glob("[a-z]*.py")}
    assert files - {"rule", "table"} == {rule.codes[0].rule for rule in RULES}


@pytest.mark.parametrize("code", ALL_CODES, ids=str)
def test_a_code_is_shown_as_its_id_whose_first_digit_says_its_rule(code: Code) -> None:
    assert str(code) == code.id
    same_digit = {other.rule for other in ALL_CODES if other.id[:3] == code.id[:3]}
    assert same_digit == {code.rule}
