"""Files that were made to end the whole check: each is a diagnostic, and the others are shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from infra_apply.cli.main import main

MANIFEST = "apiVersion: infra/v1\nproject: {}\nprovider: digitalocean\nservice: {}\n"
pytestmark = pytest.mark.usefixtures("company")
FORMATS = ("text", "json", "sarif", "github")


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a mistake of its own, which must be shown whatever the others hold."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mesh.json").write_text('{"hosts": {"lime": {"address": "10.0.0.1"}}}')
    write(b"wiki", "wiki", "{host: nowhere, port: 8081}")


def write(folder: bytes, project: str, service: str) -> None:
    os.mkdir(folder)  # noqa: PTH102 - a Path holds no bytes
    with open(folder + b"/.infra.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(MANIFEST.format(project, service))


def codes_by_path(
    capsys: pytest.CaptureFixture[str], *folders: bytes, mesh: str = "mesh.json"
) -> dict[str, list[str]]:
    """Check the folders in every format; returns the codes at each path."""
    arguments = ["check", *map(os.fsdecode, folders), "--mesh-hosts", mesh, "--format"]
    printed = {}
    for output_format in FORMATS:
        assert main([*arguments, output_format]) == 1
        printed[output_format], stderr = capsys.readouterr()
        printed[output_format].encode()
        assert stderr == ""
    codes: dict[str, list[str]] = {}
    diagnostics: list[dict[str, Any]] = json.loads(printed["json"])["diagnostics"]
    for diagnostic in diagnostics:
        codes.setdefault(diagnostic["path"], []).append(diagnostic["code"])
    return codes


@pytest.mark.parametrize(
    "port",
    [
        "0x" + "f" * 3600,
        "-0x" + "f" * 3600,
        "0b" + "1" * 200_000,
        "1" * 4000,
        "1" + ":59" * 2500,
        "1" + ":59" * 80_000,
        "1" + ":59" * 200 + ".5",
        "9" * 4000 + ".5",
    ],
    ids=["hex", "negative", "binary", "decimal", "base60", "base60 long", "base60 float", "float"],
)
def test_a_port_of_thousands_of_digits_is_a_diagnostic(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(b"shop", "shop", f"{{host: lime, port: {port}}}")
    codes = codes_by_path(capsys, b"shop", b"wiki")
    assert codes["shop/.infra.yaml"] == ["IA008", "IA103"]
    assert codes["wiki/.infra.yaml"] == ["IA501"]


def test_a_port_in_base_sixty_is_an_error_that_says_what_yaml_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(b"shop", "shop", "{host: lime, port: 1:00:00:00:00}")
    codes = codes_by_path(capsys, b"shop", b"wiki")
    assert codes["shop/.infra.yaml"] == ["IA012", "IA704"]
    assert codes["wiki/.infra.yaml"] == ["IA501"]


def test_a_folder_whose_name_is_not_utf8_is_a_diagnostic(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = b"caf\xe9"
    write(folder, "cafe", "{host: nowhere, port: 8080}")
    codes = codes_by_path(capsys, folder, b"wiki")
    assert codes[r"caf\xe9/.infra.yaml"] == ["IA011"]
    assert codes["wiki/.infra.yaml"] == ["IA501"]


def test_a_file_whose_name_is_not_utf8_is_a_diagnostic(capsys: pytest.CaptureFixture[str]) -> None:
    Path(os.fsdecode(b"wiki/.infra.\xe9.yaml")).touch()
    codes = codes_by_path(capsys, b"wiki", b"gone\xe9")
    assert codes[r"wiki/.infra.\xe9.yaml"] == ["IA602"]
    assert codes[r"gone\xe9"] == ["IA707"]


@pytest.mark.parametrize(
    "hosts",
    [
        r'{"lime": {"address": "10.0.0.\ud800"}}',
        r'{"lime": {}, "nowher\udfff": {}}',
        r'{"lime": {"note": "\ud83d\ude00 \\ud800 \ud800"}}',
    ],
)
def test_a_surrogate_in_the_mesh_is_a_diagnostic_at_its_place(
    hosts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = f'{{"hosts": {hosts}}}'
    Path("bad.json").write_text(content)
    column = content.rindex(r"\ud") + 1
    write(b"shop", "shop", "{host: lime, port: 0}")
    codes = codes_by_path(capsys, b"shop", b"wiki", mesh="bad.json")
    assert codes == {"bad.json": ["IA503"], "shop/.infra.yaml": ["IA704"]}
    main(["check", "shop", "--mesh-hosts", "bad.json"])
    assert capsys.readouterr().out.startswith(f"bad.json:1:{column}: error[IA503]")


def test_a_whole_character_written_as_two_escapes_is_taken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("bad.json").write_text(r'{"hosts": {"lime": {"note": "\ud83d\ude00"}}}')
    assert codes_by_path(capsys, b"wiki", mesh="bad.json") == {"wiki/.infra.yaml": ["IA501"]}


@pytest.mark.parametrize(
    "address",
    ["user@10.0.0.1", "10.0.0.1:22", "10.0.0.1/x", "a b", "$(id)", "-o", "[fd00::1]", "fe80::1%0"],
)
def test_a_mesh_address_with_a_user_part_is_a_diagnostic(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.json").write_text(json.dumps({"hosts": {"lime": {"address": address}}}))
    codes = codes_by_path(capsys, b"wiki", mesh="bad.json")
    assert codes == {"bad.json": ["IA505"], "wiki/.infra.yaml": ["IA501"]}


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "100.64.0.7/32", "fd00::1", "fd00::1/64", "lime.example.com", "lime"]
)
def test_a_mesh_address_that_is_one_is_taken(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mesh.json").write_text(json.dumps({"hosts": {"lime": {"address": address}}}))
    assert codes_by_path(capsys, b"wiki") == {"wiki/.infra.yaml": ["IA501"]}


def test_a_stack_file_that_leads_out_of_the_project_is_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret.env").write_text("config: {digitalocean:token: hunter2}\n")
    project = tmp_path / "project"
    (project / "stacks").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text(
        "name: infra-apply\nruntime: python\nstackConfigDir: stacks\n"
    )
    (project / "stacks" / "Pulumi.prod.yaml").symlink_to(tmp_path / "secret.env")
    assert main(["plan", "-C", str(project), "--stack", "prod"]) != 0
    printed = "".join(capsys.readouterr())
    assert "leads out of the project" in printed
    assert "hunter2" not in printed
