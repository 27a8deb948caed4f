"""What `preview` and `up` say before they start an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_apply.cli.main import main
from tests.companies import manifest, write

WIKI = {"wiki/.infra.yaml": manifest("wiki", service={"host": "lime", "port": 8081})}


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)


def test_up_asks_for_the_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "prod")  # a variable is no word of somebody who means it
    assert main(["up", "-C", str(write(tmp_path, WIKI))]) == 2
    assert "--stack prod" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_a_missing_token_is_said_at_once(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "-C", str(write(tmp_path, WIKI)), "--stack", "prod"]) == 2
    assert "no DigitalOcean token" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_manifests_with_mistakes_need_neither_token_nor_engine(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, {"wiki/.infra.yaml": "project: ["})
    assert main([verb, "-C", str(folder), "--stack", "prod"]) == 1
    assert "error[IA001]" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["-1", "many", "1.5"])
def test_deletions_are_allowed_by_number(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["up", "--stack", "prod", f"--allow-delete={word}"])
    assert ended.value.code == 2
    assert "is no number of resources" in capsys.readouterr().err
