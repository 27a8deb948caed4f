"""What nobody foresaw ends with one line that asks for a report, and hides no finding."""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra_apply import program
from infra_apply.cli import main as command_line
from infra_apply.cli.main import COMMANDS, main
from infra_apply.errors import Ambiguous, Outage, Refusal, Usage
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules import table as rules
from infra_apply.inputs import manifest as manifests
from infra_apply.inputs import mesh, settings
from tests.companies import manifest, write

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


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two stacks; `shop` depends on nobody known, and a rule fails."""
    shop = manifest("shop", service={"host": "lime", "port": 8080}, depends_on=["catalgo"])
    catalog = manifest("catalog", service={"host": "limee", "port": 8081})
    folder = write(tmp_path, {"shop/.infra.yaml": shop, "catalog/.infra.yaml": catalog})
    (folder / "mesh-hosts.json").write_text(json.dumps({"hosts": ["lime"]}))
    text = (folder / "stacks/Pulumi.prod.yaml").read_text()
    (folder / "stacks/Pulumi.dev.yaml").write_text(text)
    monkeypatch.chdir(folder)

    first, *others = rules.RULES

    def failing(fleet: Fleet) -> Iterator[Any]:
        yield from first.check(fleet)
        raise RuntimeError("a rule's own mistake")

    monkeypatch.setattr(rules, "RULES", (replace(first, check=failing), *others))
    return folder


FOUND = ("error[IA301]", "error[IA501]")
MISSING = "not checked: yaml: the rule itself failed, so what it would find is missing"


@pytest.mark.parametrize(
    "command", ["plan", "mesh", "mesh --write", "map", "cost", "rehearse preview", "init ."]
)
def test_a_rule_that_fails_stops_a_command_and_hides_nothing_the_others_found(
    company: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (company / "mesh-hosts.json").read_bytes()
    assert main(command.split()) == 3
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert MISSING in lines
    assert lines[-1].endswith(f"{REQUEST}: RuntimeError: a rule's own mistake {WHERE}")
    assert printed.out == ""
    if command != "init .":
        assert all(code in printed.err for code in FOUND)
    assert (company / "mesh-hosts.json").read_bytes() == before


@pytest.mark.parametrize(
    "flags", [[], ["--stack", "dev"], ["projects/shop", "--mesh-hosts", "mesh-hosts.json"]]
)
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_check_prints_the_other_findings_in_its_format(
    company: Path, flags: Sequence[str], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    assert main(["check", "--format", form, *flags]) == 3
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"infra-apply check: {REQUEST}: RuntimeError: a rule's own mistake {WHERE}"
    ]
    assert "IA301" in printed.out or "projects/shop" in flags
    if form in {"json", "sarif"}:
        json.loads(printed.out)
    if form == "json":
        assert json.loads(printed.out)["not_checked"][-1].startswith("yaml: ")


def test_the_stacks_after_one_with_a_failing_rule_are_checked_too(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = company / "stacks/Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("projects/*", "projects/catalog"))
    assert main(["check", "--stack", "dev"]) == 3
    assert "IA301" not in capsys.readouterr().out
    assert main(["check"]) == 3  # dev, then prod
    assert "IA301" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", ["check", "check projects/shop projects/catalog", "plan", "map"]
)
@pytest.mark.usefixtures("company")
def test_a_manifest_that_cannot_be_read_hides_nothing_found_in_the_others(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parse = manifests.parse

    def failing(path: str, source: bytes) -> Any:
        if "/catalog/" in path:
            raise RuntimeError("the reader's own mistake")
        return parse(path, source.replace(b"lime", b"lmie"))

    monkeypatch.setattr(rules, "RULES", rules.RULES[1:])
    monkeypatch.setattr(manifests, "parse", failing)
    assert (
        main(command.split() + ["--mesh-hosts", "mesh-hosts.json"] * command.endswith("catalog"))
        == 3
    )
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).splitlines()
    assert any("shop/.infra.yaml" in line and "error[IA501]" in line for line in lines)
    unread = "reading it failed, so whether it has mistakes is not known"
    assert f"not checked: projects/catalog/.infra.yaml: {unread}" in lines
    assert lines[-1].endswith(f"{REQUEST}: RuntimeError: the reader's own mistake {WHERE}")


@pytest.mark.parametrize(
    ("door", "failing", "found"),
    [
        ("mesh", "mesh-hosts.json", "error[IA301]"),
        ("settings", "stacks/Pulumi.dev.yaml", "error[IA501]"),
        ("settings", "stacks/Pulumi.prod.yaml", "error[IA802]"),
    ],
)
def test_a_mesh_or_stack_file_whose_reading_fails_hides_nothing_found_elsewhere(
    company: Path,
    *,
    door: str,
    failing: str,
    found: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "prod" in failing:
        with (company / "stacks/Pulumi.dev.yaml").open("a") as stack:
            stack.write("  infra-apply:flete: {}\n")
    module = {"mesh": mesh, "settings": settings}[door]
    parse = module.parse

    def fail(first: Any, *others: Any) -> Any:
        if {"mesh": str(first), "settings": f"stacks/Pulumi.{first}.yaml"}[door].endswith(failing):
            raise RuntimeError("the reader's own mistake")
        return parse(first, *others)

    monkeypatch.setattr(rules, "RULES", rules.RULES[1:])
    monkeypatch.setattr(module, "parse", fail)
    assert main(["check", "--stack", "prod"]) == 3
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert any(found in line for line in lines)
    unread = "reading it failed, so whether it has mistakes is not known"
    assert any(line.endswith(f"{failing}: {unread}") for line in lines)
    assert printed.err.splitlines()[-1].endswith(
        f"{REQUEST}: RuntimeError: the reader's own mistake {WHERE}"
    )


def test_without_a_failing_rule_nothing_is_asked_for(
    company: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del company
    monkeypatch.setattr(rules, "RULES", rules.RULES[1:])
    assert main(["check"]) == 1
    printed = capsys.readouterr()
    assert all(code in printed.out for code in FOUND)
    assert printed.err == ""


@pytest.fixture
def pulumi_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_stack", lambda: "prod")
    config = {"meshHosts": "mesh-hosts.json", "projects": json.dumps(["projects/*"])}
    values = {f"infra-apply:{key}": value for key, value in config.items()}
    monkeypatch.setattr(program, "_config", lambda: {**values, "shop:word": "opensesame"})
    monkeypatch.setattr(program, "is_config_secret", lambda key: key == "shop:word")


@pytest.mark.usefixtures("company", "pulumi_stack")
def test_the_program_ends_with_the_findings_and_the_line() -> None:
    with pytest.raises(pulumi.RunError) as ended:
        program.main()
    words = str(ended.value)
    assert all(code in words for code in FOUND)
    assert words.splitlines()[-1] == (
        f"infra-apply's program: {REQUEST}: RuntimeError: a rule's own mistake {WHERE}"
    )
    assert ended.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("opensesame"), f"infra-apply's program: {REQUEST}: ValueError: ••• {WHERE}"),
        (Outage("the API is away"), "the API is away"),
        (pulumi.RunError("error[IA201]"), "error[IA201]"),
    ],
)
@pytest.mark.usefixtures("pulumi_stack")
def test_the_program_ends_with_words(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render() -> None:
        raise error

    monkeypatch.setattr(program, "_render_stack", render)
    with pytest.raises(pulumi.RunError) as ended:
        program.main()
    assert str(ended.value) == words
