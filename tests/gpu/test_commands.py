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


def test_the_reaper_wants_a_token_and_a_fleet_s_name_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, error = refused(capsys, "reap", "--fleet", "acme")
    assert code == 2 and "no DigitalOcean token" in error


def test_the_reaper_never_guesses_whose_slots_are_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "x")
    monkeypatch.chdir(tmp_path)
    code, error = refused(capsys, "reap")
    assert code == 2 and "no fleet is named" in error and "--fleet NAME" in error
    code, error = refused(capsys, "reap", "--fleet", "")
    assert code == 2 and "it is empty" in error


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("infra-apply:fleet:", "infra-apply:fleeet:"),
        ("infra-apply:fleet: acme", ""),
        ("infra-apply:fleet: acme", "infra-apply:fleet: [acme"),
        ("config:", "config:\n  infra-apply:enviroment: dev"),
    ],
)
def test_a_broken_or_misspelt_stack_file_never_widens_who_is_meant(
    written: str,
    becomes: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "x")
    here = stage(tmp_path).company
    file = here / "stacks" / "Pulumi.prod.yaml"
    text = file.read_text()
    assert written in text
    file.write_text(text.replace(written, becomes))
    for verb in (("scale", "train", "0", "--yes", "--stack", "prod"), ("status",), ("reap",)):
        code, error = refused(capsys, *verb, "-C", str(here))
        assert code == 1 and "not known whose slots are meant" in error
        assert "Pulumi.prod.yaml" in error


def test_faults_and_clocks_are_for_rehearsals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "x")
    here = str(stage(tmp_path).company)
    words = ("scale", "train", "1", "-C", here, "--stack", "prod")
    for flags in (("--clock", "9"), ("--faults", "f.yaml")):
        code, error = refused(capsys, *words, *flags)
        assert code == 2 and "for rehearsals" in error
    code, error = refused(capsys, "reap", "--fleet", "acme", "--clock", "9")
    assert code == 2 and "for rehearsals" in error


@pytest.mark.parametrize("count", ["-1", "many", "1.5"])
def test_a_number_of_slots_is_a_whole_one(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = refused(capsys, "scale", "train", "--stack", "prod", "--", count)
    assert code == 2 and "invalid" in error


def test_the_reaper_of_a_folder_without_an_account_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = refused(capsys, "reap", "--fleet", "acme", "--account", str(tmp_path))
    assert code == 2 and "holds no rehearsal's account" in error
