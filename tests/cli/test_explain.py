"""What stands behind a code: `infra-apply explain` and docs/diagnostics.md say the same."""

from __future__ import annotations

import re

import pytest

from infra_apply.cli.main import main
from infra_apply.fleet.rules.table import CODES
from tests.write_diagnostics_page import PAGE, page


def test_the_page_of_diagnostics_is_current() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run: python -m tests.write_diagnostics_page"


@pytest.mark.parametrize("code", sorted(CODES))
def test_explain_prints_the_facts_of_the_page(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", code.lower()]) == 0
    printed = capsys.readouterr().out
    facts = CODES[code]
    for fact in (code, facts.title, facts.rule, facts.severity, facts.why, facts.fix):
        assert fact in printed
        assert fact in PAGE.read_text(encoding="utf-8")


def test_a_code_there_is_not_is_a_usage_error_with_a_suggestion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "IA2O1"]) == 2
    assert "did you mean IA201?" in capsys.readouterr().err


def test_the_texts_are_sentences_without_their_full_stop() -> None:
    for name, code in CODES.items():
        assert re.fullmatch(r"IA\d{3}", name)
        for text in (code.title, code.why, code.fix):
            assert text, name
            assert text == text.strip().rstrip("."), name
        assert len(code.title) <= 60, name
