"""What GPU commands refuse before anything is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_apply.cli.main import main
from tests.gpu.stage import stage


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    try:
        code = main(["gpu", *words])
    except SystemExit as left:
        code = int(left.code or 0)
    return code, capsys.readouterr().err


def test_scale_wants_the_stack_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "prod")  # what bills is named in the command itself
    here = str(stage(tmp_path).company)
    code, error = refused(capsys, "scale", "train", "1", "-C", here)
    assert code == 2 and "name the environment's stack" in error


@pytest.mark.parametrize("verb", [("scale", "train", "1"), ("status",)])
def test_without_a_token_nothing_is_tried(
    verb: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = str(stage(tmp_path).company)
    code, error = refused(capsys, *verb, "-C", here, "--stack", "prod")
    assert code == 2 and "no DigitalOcean token" in error


def test_the_reaper_wants_a_token_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, error = refused(capsys, "reap")
    assert code == 2 and "no DigitalOcean token" in error


def test_faults_and_clocks_are_for_rehearsals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "x")
    here = str(stage(tmp_path).company)
    words = ("scale", "train", "1", "-C", here, "--stack", "prod")
    for flags in (("--clock", "9"), ("--faults", "f.yaml")):
        code, error = refused(capsys, *words, *flags)
        assert code == 2 and "for rehearsals" in error
    code, error = refused(capsys, "reap", "--clock", "9")
    assert code == 2 and "for rehearsals" in error


@pytest.mark.parametrize("count", ["-1", "many", "1.5"])
def test_a_number_of_slots_is_a_whole_one(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = refused(capsys, "scale", "train", "--stack", "prod", "--", count)
    assert code == 2 and "invalid" in error


def test_the_reaper_of_a_folder_without_an_account_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = refused(capsys, "reap", "--account", str(tmp_path))
    assert code == 2 and "holds no rehearsal's account" in error
