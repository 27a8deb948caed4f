"""`infra-apply mesh` as its user runs it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from infra_apply.cli.main import main
from infra_apply.inputs import files
from infra_apply.inputs.files import replace
from tests.companies import manifest, write

SHOP = manifest("shop", service={"host": "lime", "port": 8080}, depends_on=["catalog"])
CATALOG = manifest("catalog", service={"host": "basil", "port": 8081})
ENTRIES = {
    "catalog": {
        "project": "catalog",
        "environment": "prod",
        "host": "basil",
        "port": 8081,
        "url": "http://basil:8081",
    },
    "shop": {
        "project": "shop",
        "environment": "prod",
        "host": "lime",
        "port": 8080,
        "url": "http://lime:8080",
        "depends_on": ["catalog"],
    },
}
FILE = (
    b'{\r\n\t"owner": "caf\xc3\xa9",\r\n\t"services": {"old": {}},\r\n'
    b'\t"hosts": ["lime", "basil"]\r\n}'
)


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    folder = write(tmp_path, {"shop/.infra.yaml": SHOP, "catalog/.infra.yaml": CATALOG})
    (folder / "mesh-hosts.json").write_bytes(FILE)
    monkeypatch.chdir(folder)
    return folder


def test_the_map_is_printed_and_nothing_is_written(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mesh"]) == 0
    assert json.loads(capsys.readouterr().out) == ENTRIES
    assert (company / "mesh-hosts.json").read_bytes() == FILE


def test_a_stale_file_is_shown_as_a_difference(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mesh", "--check"]) == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:2] == [
        "--- mesh-hosts.json (as it is)",
        "+++ mesh-hosts.json (regenerated)",
    ]
    assert '-\t"services": {"old": {}},' in lines
    assert '+\t"services": {' in lines
    assert "mesh-hosts.json: removes `old`: no manifest declares it" in printed.err
    assert (company / "mesh-hosts.json").read_bytes() == FILE


def test_written_once_it_is_up_to_date_and_every_other_byte_is_as_it_was(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = company / "mesh-hosts.json"
    file.chmod(0o640)
    assert main(["mesh", "--write"]) == 0
    once = file.read_bytes()
    assert once.startswith(b'{\r\n\t"owner": "caf\xc3\xa9",\r\n\t"services": {\r\n\t\t"catalog": {')
    assert once.endswith(b'\r\n\t},\r\n\t"hosts": ["lime", "basil"]\r\n}')
    assert json.loads(once)["services"] == ENTRIES
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert main(["mesh", "--check"]) == 0
    assert main(["mesh", "--write"]) == 0
    assert file.read_bytes() == once
    assert capsys.readouterr().out.splitlines() == [
        "mesh-hosts.json: wrote the services map (2 services)",
        "mesh-hosts.json: the services map is up to date (2 services)",
        "mesh-hosts.json: the services map was up to date (2 services)",
    ]
    assert not list(company.glob(".mesh-hosts*"))


def test_a_symlink_stays_one(company: Path) -> None:
    link = company / "mesh-hosts.json"
    target = company / "net-tools.json"
    link.rename(target)
    link.symlink_to(target.name)
    assert main(["mesh", "--write"]) == 0
    assert os.readlink(link) == "net-tools.json"  # noqa: PTH115 - as written, not resolved
    assert json.loads(target.read_bytes())["services"] == ENTRIES


@pytest.mark.parametrize("trap", ["link", "pipe", "device"])
def test_what_is_no_mesh_is_not_written_through_a_link_nor_waited_for(
    company: Path, trap: str
) -> None:
    """The attack: `mesh-hosts.json -> ~/.bashrc`, or a pipe that hangs whoever opens it."""
    precious = company / ".bashrc"
    precious.write_text("kept")
    file = company / "mesh-hosts.json"
    file.unlink()
    if trap == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(precious if trap == "link" else "/dev/null")
    mode = file.lstat().st_mode
    assert main(["mesh", "--write"]) == 1
    assert (precious.read_text(), file.lstat().st_mode) == ("kept", mode)


def test_with_an_error_anywhere_nothing_is_printed_or_written(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (company / "projects/shop/.infra.yaml").write_text("provider: mac\n")
    for flags in ([], ["--check"], ["--write"]):
        assert main(["mesh", *flags]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error[IA101]" in printed.err
    assert (company / "mesh-hosts.json").read_bytes() == FILE


@pytest.mark.parametrize(
    "content",
    [
        b'{"hosts": ["lime", "basil"], "services": ["shop"]}',
        b'{"hosts": ["lime", "basil"], "services": {"shop": "lime:8080"}}',
        b'{"hosts": ["lime", "basil"], "services": {}',
        b"",
        b'["lime", "basil"]',
    ],
)
def test_a_broken_or_foreign_file_is_never_overwritten(
    company: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = company / "mesh-hosts.json"
    file.write_bytes(content)
    assert main(["mesh", "--write"]) == 1
    assert file.read_bytes() == content
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "mesh" in printed.err


def test_a_file_that_changes_meanwhile_is_left_as_it_is_then(
    company: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = company / "mesh-hosts.json"

    def late(path: Path, before: bytes, after: bytes) -> None:
        file.write_bytes(b"{}")
        replace(path, before, after)

    monkeypatch.setattr(files, "replace", late)
    assert main(["mesh", "--write"]) == 1
    assert file.read_bytes() == b"{}"
    assert "changed while it was being regenerated" in capsys.readouterr().err


def test_a_dev_stack_with_fewer_projects_takes_nothing_out_of_the_map(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (company / "stacks/Pulumi.prod.yaml").read_text()
    (company / "stacks/Pulumi.dev.yaml").write_text(text.replace("projects/*", "projects/catalog"))
    assert main(["mesh", "--stack", "dev"]) == 0
    assert json.loads(capsys.readouterr().out) == ENTRIES


def test_stacks_of_different_meshes_have_to_be_named(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (company / "stacks/Pulumi.prod.yaml").read_text()
    (company / "stacks/Pulumi.dev.yaml").write_text(text.replace("mesh-hosts", "other-hosts"))
    (company / "other-hosts.json").write_bytes(FILE)
    assert main(["mesh", "--write"]) == 2
    assert "the stacks name different mesh files" in capsys.readouterr().err
    assert main(["mesh", "--write", "--stack", "prod"]) == 0
    assert (company / "other-hosts.json").read_bytes() == FILE


def test_a_path_through_another_folder_is_the_same_file(company: Path) -> None:
    stack = company / "stacks/Pulumi.prod.yaml"
    stack.write_text(stack.read_text().replace("mesh-hosts.json", "stacks/../mesh-hosts.json"))
    assert main(["mesh", "--write"]) == 0
    assert json.loads((company / "mesh-hosts.json").read_bytes())["services"] == ENTRIES
