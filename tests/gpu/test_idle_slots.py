"""A slot that would start no work is warned of by check and plan; test_rehearsed grows none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra_apply.cli.main import main
from tests.gpu.stage import Stage, stage


def name_a_size_alone(it: Stage) -> None:
    file = it.company / "projects" / "train" / ".infra.yaml"
    text = file.read_text()
    assert "droplet: batch" in text
    file.write_text(text.replace("droplet: batch", "droplet: gpu-l40sx1-48gb"))


def without_script(it: Stage) -> None:
    file = it.company / "stacks" / "Pulumi.prod.yaml"
    lines = file.read_text().splitlines(keepends=True)
    kept = [line for line in lines if "userData" not in line]
    assert len(kept) == len(lines) - 1
    file.write_text("".join(kept))


@pytest.mark.parametrize("verb", ["check", "plan"])
@pytest.mark.parametrize("bare", [name_a_size_alone, without_script])
def test_check_and_plan_warn_of_it_once(
    verb: str, bare: Callable[[Stage], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    it = stage(tmp_path)
    bare(it)
    code = main([verb, "-C", str(it.company), "--stack", "prod"])
    out, err = capsys.readouterr()
    assert code == 0
    assert (out + err).count("warning[IA405]") == 1


def test_a_profile_called_like_the_size_that_starts_work_is_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = {"size": "gpu-l40sx1-48gb", "userData": "worker.sh"}
    it = stage(tmp_path, gpu={"profiles": {"gpu-l40sx1-48gb": profile}})
    name_a_size_alone(it)
    assert main(["check", "-C", str(it.company), "--stack", "prod"]) == 0
    assert "IA405" not in capsys.readouterr().out
