"""An attack: a pull request whose stack file sends the token of every run to another host."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from infra_apply.cli.main import main
from tests.companies import manifest, write

GPU = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}
MANIFESTS = {
    "shop/.infra.yaml": manifest("shop", service={"host": "lime", "port": 8080}),
    "train/.infra.yaml": manifest("train", gpu=GPU),
}
COMMANDS = (
    ["preview"],
    ["up", "--yes"],
    ["adopt"],
    ["gpu", "scale", "train", "1", "--yes"],
    ["gpu", "status", "train"],
)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "dop_v1_hush")
    for name in ("DIGITALOCEAN_API_URL", "INFRA_APPLY_FOREIGN_ENDPOINT", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)
    settings = {"fleet": "acme", "network": {"ssh": ["198.51.100.0/24"]}}
    folder = write(tmp_path, MANIFESTS, settings=settings)
    monkeypatch.chdir(folder)
    return folder


def set_endpoint(company: Path, endpoint: str) -> None:
    file = company / "stacks" / "Pulumi.prod.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"]["digitalocean:apiEndpoint"] = endpoint
    file.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_stack_file_sends_the_token_to_no_foreign_host(
    words: list[str], company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_endpoint(company, "https://evil.example")
    assert main([*words, "--stack", "prod"]) == 1
    err = capsys.readouterr().err
    assert "the endpoint of the API is at evil.example, which is not DigitalOcean" in err
    assert "the token was not sent" in err
    assert "hush" not in err


@pytest.mark.parametrize("words", [*COMMANDS[:3], ["cost"], ["map", "--live"]], ids=" ".join)
@pytest.mark.usefixtures("company")
def test_the_environment_sends_it_there_neither(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_API_URL", "https://evil.example")
    stack = [] if words[0] == "map" else ["--stack", "prod"]
    assert main([*words, *stack]) == 1
    assert "which is not DigitalOcean: the token would go there" in capsys.readouterr().err


def test_a_check_of_the_pull_request_names_the_host(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_endpoint(company, "https://evil.example")
    assert main(["check", "--strict"]) == 1
    out = capsys.readouterr().out
    assert "[IA816]: the token of the stack prod would go to `evil.example`" in out
