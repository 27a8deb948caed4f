"""Every command of the README's console blocks runs and prints what is shown."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.shell import Shell
from tests.warm import WARM

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True)
class Example:
    """A command and the lines shown below it; `...` stands for any lines, or any rest of one."""

    command: str
    shown: tuple[str, ...]


def examples(page: str = "README.md") -> Iterator[Example]:
    """Yield the commands that a page's console blocks show, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            yield Example(command, tuple(shown))


def pattern(shown: tuple[str, ...]) -> re.Pattern[str]:
    lines = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in shown
    ]
    return re.compile("".join(lines))


def test_the_readmes_commands_run_in_their_order_and_print_what_it_shows(example: Shell) -> None:
    ran = []
    environment = {**os.environ, "INFRA_APPLY_ENGINE_FROM": "registry"}
    warm = environment.pop(WARM)  # every process starts as its reader's would
    for block in examples():
        program, *words = shlex.split(block.command)
        assert program == "infra-apply"
        done = example.run(*words, env=environment)
        assert done.returncode == 0, f"{block.command}\n{done.stderr}"
        assert pattern(block.shown).fullmatch(done.stdout), f"{block.command}\n{done.stdout}"
        ran.append(words[0])
        if words[0] == "rehearse":  # once is enough: cold, the others say the same more slowly
            environment[WARM] = warm
    assert {"check", "plan", "rehearse"} <= set(ran)
