"""docs/gpu.md shows what the benchmark prints."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from infra_apply.cli.main import main
from tests.bench_gpu.__main__ import lines

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs/gpu.md"


def test_the_tables_are_those_that_the_benchmark_prints() -> None:
    assert "\n".join(lines(1)) in DOCS.read_text(encoding="utf-8")


def test_the_command_that_it_shows_runs_as_it_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DOCS.read_text(encoding="utf-8")
    echo, command = text.split("```console\n")[1].split("\n```")[0].splitlines()
    (tmp_path / "jobs.jsonl").write_text(shlex.split(echo)[2])
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(command)[2:], "-C", str(ROOT)]) == 0
    assert capsys.readouterr().out.startswith("1 job, at most 3 slots at $1.57 an hour")
    assert (tmp_path / "queue.svg").exists()
