"""`infra-apply init`: the first manifest of a project."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra_apply.cli.main import main


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def test_without_flags_the_project_is_named_after_its_folder(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop)
    assert main(["init"]) == 0
    assert (shop / ".infra.yaml").read_text() == (
        "# yaml-language-server: $schema=.infra.schema.json\n"
        "apiVersion: infra/v1\n"
        "project: shop\n"
        "provider: digitalocean\n"
    )
    assert f"wrote {shop / '.infra.yaml'}" in capsys.readouterr().out


def test_every_flag_lands_under_its_key_and_the_check_is_content(shop: Path) -> None:
    flags = (
        "--project store --environment dev --provider mac --host fennel --port 8080 "
        "--runtime python --systemd-unit store.service --database shared-pg "
        "--gpu gpu-l40sx1-48gb --depends-on catalog --depends-on search"
    )
    assert main(["init", str(shop), *flags.split()]) == 0
    written = yaml.safe_load((shop / ".infra.dev.yaml").read_text())
    assert written == {
        "apiVersion": "infra/v1",
        "project": "store",
        "environment": "dev",
        "provider": "mac",
        "database": {"cluster": "shared-pg", "name": "store_dev", "user": "store_dev"},
        "service": {
            "host": "fennel",
            "runtime": "python",
            "port": 8080,
            "systemd_unit": "store.service",
        },
        "gpu": {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"},
        "depends_on": ["catalog", "search"],
    }
    assert main(["check", "--strict", str(shop)]) == 0


def test_the_schema_beside_it_is_found_from_the_first_line_and_takes_the_manifest(
    shop: Path,
) -> None:
    assert main(["init", str(shop), "--host", "lime"]) == 0
    first, rest = (shop / ".infra.yaml").read_text().split("\n", 1)
    schema = json.loads((shop / first.rpartition("$schema=")[2]).read_text())
    Draft202012Validator(schema).validate(yaml.safe_load(rest))


def test_a_manifest_that_is_there_is_never_overwritten_without_being_told(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".infra.yaml").write_text("mine\n")
    assert main(["init", str(shop)]) == 1
    assert (shop / ".infra.yaml").read_text() == "mine\n"
    assert "is there already" in capsys.readouterr().err
    assert not (shop / ".infra.schema.json").exists()
    assert main(["init", str(shop), "--force"]) == 0
    assert "project: shop" in (shop / ".infra.yaml").read_text()


def test_a_link_that_leads_nowhere_is_not_followed(shop: Path, tmp_path: Path) -> None:
    (shop / ".infra.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert main(["init", str(shop)]) == 1
    assert not (tmp_path / "elsewhere.yaml").exists()


@pytest.mark.parametrize("trap", ["link", "dangling link", "pipe", "folder"])
@pytest.mark.parametrize("name", [".infra.yaml", ".infra.schema.json"])
def test_a_link_or_a_pipe_in_a_clone_is_neither_followed_nor_waited_for(
    shop: Path, tmp_path: Path, name: str, trap: str
) -> None:
    """The attack: `.infra.yaml -> ~/.bashrc`, or a pipe that hangs whoever opens it."""
    precious = tmp_path / ".bashrc"
    precious.write_text("kept")
    path = shop / name
    if trap == "pipe":
        os.mkfifo(path)
    elif trap == "folder":
        path.mkdir()
    else:
        path.symlink_to(precious if trap == "link" else tmp_path / "elsewhere")
    mode = path.lstat().st_mode
    plain = main(["init", str(shop)])
    assert plain == (1 if name == ".infra.yaml" else 0)
    assert main(["init", str(shop), "--force"]) == 1
    assert precious.read_text() == "kept"
    assert sorted(tmp_path.iterdir()) == [precious, shop]
    assert path.lstat().st_mode == mode


def test_a_flag_that_is_not_utf_8_is_a_usage_error(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(shop), "--project", "caf\udce9"]) == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert list(shop.iterdir()) == []


def test_another_schema_file_of_that_name_is_kept(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / ".infra.schema.json").write_text("{}")
    assert main(["init", str(shop)]) == 0
    assert (shop / ".infra.schema.json").read_text() == "{}"
    assert "kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--port", "70000"], 1, "error[IA704]"),
        (["--runtime", "postgres://a:hunter2@b/c"], 1, "error[IA605]"),
        (["--database", "pg", "--database-user", "doadmin"], 1, "error[IA203]"),
        (["--database-name", "shop"], 2, "--database"),
        (["--depends-on", "shop"], 1, "error[IA302]"),
    ],
)
def test_flags_that_make_no_valid_manifest_write_nothing(
    flags: list[str], code: int, says: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(shop), *flags]) == code
    printed = capsys.readouterr().err
    assert says in printed
    assert "hunter2" not in printed
    assert list(shop.iterdir()) == []


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    runtime=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
    | st.sampled_from(["no", "3.10", "22:22", "2024-01-01", "~", "- a", "a: b", "#x", "Null", "y"])
)
def test_yaml_reads_back_the_very_text_of_a_flag(
    runtime: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shop / ".infra.yaml"
    path.unlink(missing_ok=True)
    code = main(["init", str(shop), "--host", "lime", f"--runtime={runtime}"])
    assert code == 0 or "error[IA" in capsys.readouterr().err
    if code == 0:
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["service"]["runtime"] == runtime
