"""Every folder or file below tests/manifests/valid and tests/manifests/invalid is a test.

`valid/NAME.yaml` is one manifest, and `valid/NAME/` a company of project folders: neither has a
finding. `invalid/NAME/` holds what `infra-apply check` prints for it in expected.txt;
`INFRA_APPLY_TEST_WRITE=1 make test` writes that file, to be read before it is committed. The mesh
is tests/manifests/mesh-hosts.json, unless a company has one of its own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from infra_apply.cli.main import main
from infra_apply.fleet.rules.table import CODES

MANIFESTS = Path(__file__).parent / "manifests"


def cases(kind: str) -> list[str]:
    names = sorted(path.name for path in (MANIFESTS / kind).iterdir())
    assert names, f"no {kind} manifests"
    return names


def check(kind: str, name: str, monkeypatch: pytest.MonkeyPatch, *flags: str) -> int:
    """Run `infra-apply check` in a copy of a case's folder, as its user would."""
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    with tempfile.TemporaryDirectory() as temporary:
        folder = _copied(MANIFESTS / kind / name, Path(temporary))
        monkeypatch.chdir(folder)
        if (folder / "Pulumi.yaml").is_file():
            return main(["check", *flags])
        projects = sorted(path.name for path in folder.iterdir() if path.is_dir())
        return main(["check", "--mesh-hosts", "mesh-hosts.json", *flags, *projects])


def _copied(source: Path, into: Path) -> Path:
    folder = into / source.stem
    if source.is_dir():
        shutil.copytree(source, folder, symlinks=True)
    else:
        (folder / source.stem).mkdir(parents=True)
        shutil.copy(source, folder / source.stem / ".infra.yaml")
    if not (folder / "mesh-hosts.json").exists():
        shutil.copy(MANIFESTS / "mesh-hosts.json", folder)
    return folder


@pytest.mark.parametrize("name", cases("invalid"))
def test_an_invalid_company_gets_exactly_these_findings(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check("invalid", name, monkeypatch)
    printed = capsys.readouterr().out
    expected = MANIFESTS / "invalid" / name / "expected.txt"
    if os.environ.get("INFRA_APPLY_TEST_WRITE") and not expected.exists():
        expected.write_text(printed, encoding="utf-8")
    assert printed == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", cases("valid"))
def test_a_valid_company_has_no_findings(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = check("valid", name, monkeypatch, "--strict")
    printed = capsys.readouterr().out
    assert (code, printed.splitlines()[-1].partition(": ")[2]) == (0, "no mistakes found")


def test_every_code_about_files_has_an_invalid_company() -> None:
    texts = [
        (MANIFESTS / "invalid" / name / "expected.txt").read_text() for name in cases("invalid")
    ]
    exemplified = {code for code in CODES if any(f"[{code}]" in text for text in texts)}
    in_the_cloud = {code for code in CODES if CODES[code].rule == "cloud"}
    assert set(CODES) - exemplified == in_the_cloud
