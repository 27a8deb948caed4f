"""A rule or a reader that fails by a mistake of its own hides nothing that the others found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra_apply import program
from infra_apply.cli.main import main
from infra_apply.errors import Outage
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules import table as rules
from infra_apply.inputs import manifest as manifests
from infra_apply.inputs import mesh, settings
from tests.cli.test_unforeseen import REQUEST, WHERE
from tests.companies import manifest, write

FOUND = ("error[IA301]", "error[IA501]")
MISSING = "not checked: yaml: the rule itself failed, so what it would find is missing"


@pytest.fixture(autouse=True)
def _no_traceback_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INFRA_APPLY_TRACEBACK", "PULUMI_STACK", "DIGITALOCEAN_TOKEN"):
        monkeypatch.delenv(name, raising=False)


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
