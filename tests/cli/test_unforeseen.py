"""What nobody foresaw ends with one line that asks for a report."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

import pytest

from infra_apply.cli import main as command_line
from infra_apply.cli.main import COMMANDS, main
from infra_apply.errors import Ambiguous, Outage, Refusal, Usage

Raise = Callable[[BaseException], None]
TOKEN = "dop_v1_" + "0123456789abcdef" * 4
REQUEST = "this should not happen, please report it"
WHERE = "(INFRA_APPLY_TRACEBACK=1 prints the traceback)"
COMMAND_LINES = [
    ("check", "check ."),
    ("init", "init ."),
    ("plan", "plan --stack dev"),
    ("preview", "preview --stack dev"),
    ("up", "up --stack dev"),
    ("mesh", "mesh --write"),
    ("map", "map --live"),
    ("cost", "cost"),
    ("env", "env shop --stack prod"),
    ("db rotate", "db rotate shop --stack prod"),
    ("db reset-password", "db reset-password shop --stack prod"),
    ("adopt", "adopt --stack prod"),
    ("gpu scale", "gpu scale shop 1 --stack prod"),
    ("gpu status", "gpu status"),
    ("gpu reap", "gpu reap --dry-run"),
    ("rehearse up", "rehearse up"),
    ("rehearse exec", "rehearse exec -- true"),
    ("rehearse serve", "rehearse serve"),
    ("engine install", "engine install"),
    ("engine which", "engine which"),
    ("schema", "schema"),
    ("explain", "explain IA201"),
]


@pytest.fixture(autouse=True)
def _no_traceback_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INFRA_APPLY_TRACEBACK", "PULUMI_STACK", "DIGITALOCEAN_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def every_command_raises(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Make whatever command is parsed raise an exception in place of what it does."""

    def arrange(error: BaseException) -> None:
        def run(_arguments: Namespace) -> int:
            raise error

        parse = ArgumentParser.parse_args

        def parse_args(self: ArgumentParser, words: Any, namespace: Any) -> Any:
            arguments = parse(self, words, namespace)
            arguments.run = run
            return arguments

        monkeypatch.setattr(ArgumentParser, "parse_args", parse_args)

    return arrange


@pytest.mark.parametrize(("name", "command"), COMMAND_LINES)
def test_every_command_asks_for_a_report_in_one_line(
    name: str, command: str, every_command_raises: Raise, capsys: pytest.CaptureFixture[str]
) -> None:
    every_command_raises(ValueError("boom"))
    assert main(command.split()) == 3
    printed = capsys.readouterr()
    assert printed.err == f"infra-apply {name}: {REQUEST}: ValueError: boom {WHERE}\n"
    assert printed.out == ""


def test_the_table_above_has_every_command() -> None:
    assert {name.split()[0] for name, _ in COMMAND_LINES} == set(COMMANDS)


@pytest.mark.parametrize(
    ("error", "exit_code", "line"),
    [
        (KeyboardInterrupt(), 130, "infra-apply: interrupted"),
        (Usage("what"), 2, "infra-apply: what"),
        (Refusal("no"), 1, "infra-apply: no"),
        (Outage("out"), 3, "infra-apply: out"),
        (Ambiguous("lost"), 3, "infra-apply: lost"),
        (RecursionError(), 3, f"infra-apply schema: {REQUEST}: RecursionError {WHERE}"),
        (KeyError("a"), 3, f"infra-apply schema: {REQUEST}: KeyError: 'a' {WHERE}"),
        (
            ValueError("a\n\n  b\x1b[2J"),
            3,
            rf"infra-apply schema: {REQUEST}: ValueError: a b\x1b[2J {WHERE}",
        ),
    ],
)
def test_what_is_foreseen_ends_as_it_did(
    error: BaseException,
    exit_code: int,
    line: str,
    every_command_raises: Raise,
    capsys: pytest.CaptureFixture[str],
) -> None:
    every_command_raises(error)
    assert main(["schema"]) == exit_code
    assert capsys.readouterr().err == f"{line}\n"


def test_a_reader_that_leaves_is_no_failure_and_is_told_nothing(
    every_command_raises: Raise, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    every_command_raises(BrokenPipeError())
    assert main(["schema"]) == 0
    assert stderr.closed


def test_a_command_that_cannot_be_loaded_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> object:
        raise ImportError(f"no {name}")

    monkeypatch.setattr(command_line, "import_module", broken)
    assert main(["check"]) == 3
    assert capsys.readouterr().err.startswith(f"infra-apply check: {REQUEST}: ImportError: no ")


@pytest.mark.parametrize(
    "message",
    [
        f"the answer to {TOKEN} was no",
        "postgres://shop:hunter2-hunter2@db/shop",
        "password: hunter2-hunter2",
        "password:\n  hunter2-hunter2",
        "x" * 200 + " password: hunter2-hunter2",
        "what the variable holds: opensesame",
    ],
)
@pytest.mark.parametrize("traceback", ["0", "1"])
def test_no_secret_is_printed(
    message: str,
    traceback: str,
    every_command_raises: Raise,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INFRA_APPLY_TRACEBACK", traceback)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "opensesame")
    every_command_raises(ValueError(message))
    assert main(["schema"]) == 3
    printed = capsys.readouterr().err
    assert "•••" in printed
    for secret in (TOKEN, "hunter2", "opensesame"):
        assert secret not in printed


def test_the_traceback_is_printed_above_the_line_where_it_is_asked_for(
    every_command_raises: Raise,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INFRA_APPLY_TRACEBACK", "1")
    every_command_raises(ValueError("boom"))
    assert main(["schema"]) == 3
    first, *lines, last = capsys.readouterr().err.splitlines()
    assert first == "Traceback (most recent call last):"
    assert any("test_unforeseen.py" in line for line in lines)
    assert last == f"infra-apply schema: {REQUEST}: ValueError: boom"
