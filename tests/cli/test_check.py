"""What `infra-apply check` takes as ROOT, and what it says about what it could not see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_apply.cli.main import main

SHOP = """\
apiVersion: infra/v1
project: shop
provider: digitalocean
service: {host: lime, port: 8080}
depends_on: [catalog]
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / ".infra.yaml").write_text(SHOP)
    dev = SHOP.replace("service:", "environment: dev\nservice:").replace("8080", "8081")
    (folder / ".infra.dev.yaml").write_text(dev)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "roots", [["."], [".infra.yaml"], [".infra.yaml", ".infra.dev.yaml"], [".", "../shop"]]
)
@pytest.mark.usefixtures("shop")
def test_the_manifests_of_one_folder_are_one_repository_without_known_neighbours(
    roots: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *roots]) == 0
    printed = capsys.readouterr().out
    assert "not checked: .infra.yaml: whether `catalog` exists" in printed
    assert "not checked: .infra.yaml: whether the mesh has `lime`" in printed
    assert "who owns `lime`, which carries dev and prod" in printed
    assert printed.endswith("2 manifests: no mistakes found\n")


def test_the_services_map_of_the_mesh_knows_the_neighbours(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh: dict[str, object] = {
        "hosts": {"lime": {}},
        "services": {"catalog": {}, "catalog-dev": {}},
    }
    (shop / "mesh.json").write_text(json.dumps(mesh))
    assert main(["check", ".", "--mesh-hosts", "mesh.json"]) == 0
    assert "whether" not in capsys.readouterr().out


def test_the_services_map_knows_the_neighbours_of_several_folders_too(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shop.parent / "other"
    other.mkdir()
    (other / ".infra.yaml").write_text(SHOP.replace("shop", "other").replace("8080", "8082"))
    mesh: dict[str, object] = {"hosts": {"lime": {}}, "services": {"catalog": {}}}
    (shop / "mesh.json").write_text(json.dumps(mesh))
    assert main(["check", ".", "../other", "--mesh-hosts", "mesh.json"]) == 0
    (shop / "mesh.json").write_text(json.dumps({"hosts": {"lime": {}}}))
    assert main(["check", ".", "../other", "--mesh-hosts", "mesh.json"]) == 1
    assert "no project or external service is called `catalog`" in capsys.readouterr().out


def test_a_gpu_profile_cannot_be_known_without_settings_and_a_misspelt_size_can(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".infra.dev.yaml").unlink()
    gpu = SHOP + "gpu: {mode: on-demand, droplet: %s}\n"
    (shop / ".infra.yaml").write_text(gpu % "gpu-big")
    assert main(["check", "."]) == 0
    assert "whether `gpu-big` is a GPU profile" in capsys.readouterr().out
    (shop / ".infra.yaml").write_text(gpu % "gpu-h100x1-80g")
    assert main(["check", "."]) == 1
    assert "did you mean `gpu-h100x1-80gb`?" in capsys.readouterr().out


def test_strict_makes_a_warning_count(shop: Path) -> None:
    (shop / ".infra.dev.yaml").unlink()
    (shop / ".infra.yaml").write_text(SHOP.replace("host: lime, ", ""))
    assert main(["check", "."]) == 0
    assert main(["check", "--strict", "."]) == 1


@pytest.mark.usefixtures("shop")
def test_a_folder_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "gone"]) == 1
    assert "error[IA707]: there is no folder `gone`" in capsys.readouterr().out
