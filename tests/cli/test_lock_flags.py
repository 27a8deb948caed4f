"""The flags that say what happens while another run holds a stack's lock."""

from __future__ import annotations

import argparse

import pytest

from infra_apply.cli.common.lock_flags import add_lock_flags, patience_of


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_lock_flags(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [((), 600), (("--wait", "90s"), 90), (("--wait", "1h"), 3600), (("--wait", "0s"), 0)],
)
def test_a_command_waits_as_long_as_it_is_told(words: tuple[str, ...], seconds: int) -> None:
    assert patience_of(parsed(*words)).wait == seconds


@pytest.mark.parametrize("word", ["", "10", "m", "-1m", "1d", "1.5h", "\u0661m"])
def test_another_time_is_a_usage_error(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parsed(f"--wait={word}")
    assert left.value.code == 2
    assert "write a number and s, m or h, such as 10m" in capsys.readouterr().err


def test_no_lock_is_lifted_unless_somebody_asks() -> None:
    assert not parsed().lift_lock and parsed("--lift-lock").lift_lock
