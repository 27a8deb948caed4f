"""Files that are none: nothing hangs, nothing is skipped without a word, nothing raises."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra_apply.cli.main import main

VALID = "apiVersion: infra/v1\nproject: shop\nprovider: mac\n"


def diagnostics_of(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Run `check` and return its diagnostics."""
    code = main(["check", "--format", "json", *words])
    report = json.loads(capsys.readouterr().out)
    assert code == int(report["summary"]["errors"] > 0)
    diagnostics: list[dict[str, Any]] = report["diagnostics"]
    return diagnostics


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


HOSTILE: list[tuple[Callable[[Path], None], str]] = [
    (_pipe, "not a regular file"),
    (_device, "not a regular file"),
    (_folder, "not a regular file"),
    (_dangling, "no such file"),
    (_loop, "symbolic links"),
]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_a_manifest_that_is_no_file_is_an_error_and_counts(
    make: Callable[[Path], None], reason: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(shop / ".infra.yaml")
    for root in ("shop", "shop/.infra.yaml"):
        (only,) = diagnostics_of(capsys, root)
        assert (only["code"], only["path"]) == ("IA011", "shop/.infra.yaml")
        assert reason in only["message"]


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_a_mesh_that_is_no_file_is_an_error(
    make: Callable[[Path], None], reason: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".infra.yaml").write_text(VALID)
    make(shop.parent / "mesh.json")
    (only,) = diagnostics_of(capsys, "shop", "--mesh-hosts", "mesh.json")
    assert only["code"] == "IA503"
    assert reason in only["message"]


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_a_stack_file_that_is_no_file_is_a_usage_error(
    make: Callable[[Path], None], reason: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    make(shop / "Pulumi.prod.yaml")
    assert main(["check", "-C", str(shop)]) == 2
    printed = capsys.readouterr().err
    assert reason in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_user_data_that_is_no_file_is_an_error_with_the_settings_line(
    make: Callable[[Path], None], reason: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".infra.yaml").write_text(VALID)
    (shop / "mesh.json").write_text('{"hosts": {}}')
    (shop / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (shop / "Pulumi.prod.yaml").write_text(
        "config:\n  infra-apply:projects: [.]\n  infra-apply:meshHosts: mesh.json\n"
        "  infra-apply:fleet: acme\n  infra-apply:network: {ssh: []}\n"
        "  infra-apply:droplet: {userData: script}\n"
    )
    make(shop / "script")
    (only,) = diagnostics_of(capsys, "-C", str(shop))
    assert (only["code"], only["line"]) == ("IA806", 6)
    assert reason in only["message"]


def test_names_no_file_can_have_are_diagnostics(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (shop / "Pulumi.prod.yaml").write_text(
        'config:\n  infra-apply:projects: ["a\\0b", "a\\0*"]\n  infra-apply:meshHosts: "m\\0"\n'
        "  infra-apply:fleet: acme\n"
        '  infra-apply:droplet: {userData: "u\\0"}\n'
    )
    codes = {diagnostic["code"] for diagnostic in diagnostics_of(capsys, "-C", str(shop))}
    assert codes == {"IA503", "IA707", "IA708", "IA806"}


def test_a_manifest_that_vanishes_between_listing_and_reading_is_an_error(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shop / ".infra.yaml"
    monkeypatch.setattr(os, "listdir", lambda _folder: [path.name])
    (only,) = diagnostics_of(capsys, "shop")
    assert (only["code"], only["path"]) == ("IA011", "shop/.infra.yaml")


@pytest.mark.parametrize("path", ["shop/.infra.yaml", "shop"])
def test_what_may_not_be_read_is_an_error(
    path: str, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / ".infra.yaml").write_text(VALID)
    call = "open" if path.endswith("yaml") else "listdir"
    before = getattr(os, call)

    def refuse(name: Any, *rest: Any) -> Any:
        if str(name).endswith(path):  # root may read everything, so the refusal is played
            raise PermissionError(13, "Permission denied")
        return before(name, *rest)

    monkeypatch.setattr(os, call, refuse)
    (only,) = [
        diagnostic
        for diagnostic in diagnostics_of(capsys, "shop")
        if diagnostic["severity"] == "error"
    ]
    assert (only["code"], only["path"]) == ("IA011", path)
    assert "permission denied" in only["message"]
