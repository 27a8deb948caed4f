"""Every command of docs/quarantine.md runs and prints what is shown."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from infra_apply.cli.main import main
from tests.e2e.conftest import ROOT
from tests.e2e.test_readme import examples, pattern

PAGE = "docs/quarantine.md"
SHOP = "examples/@applications/shop/.infra.yaml"


def test_the_pages_commands_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    for name in ("stacks", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    Path(SHOP).write_text("[")
    assert main(["check"]) == 1
    stack = Path("stacks/Pulumi.prod.yaml")
    settings = yaml.safe_load(stack.read_text())
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / PAGE).read_text(), re.DOTALL)
    settings["config"] |= yaml.safe_load(block)["config"]
    stack.write_text(yaml.safe_dump(settings))
    capsys.readouterr()
    for example in examples(PAGE):
        program, *words = shlex.split(example.command)
        assert program == "infra-apply"
        code = main(words)
        printed = capsys.readouterr().out
        assert code == 0, printed
        assert pattern(example.shown).fullmatch(printed), printed
